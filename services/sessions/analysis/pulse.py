"""When each note was due by the player's own pulse, which drifts, hesitates and starts again.

A note that is late alone is late; where everything after it is late by as much, the player held up there, and only the note at
which it happened is late.
"""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

BESIDE = 6  # notes on either side from which the tempo around a note is taken
FOLLOW = 0.35  # how much of a small deviation the pulse follows
AHEAD = 3  # notes that tell a hesitation from one late note
HELD_UP = 0.25  # of a beat: a distance that is so much off is a mistake, not the tempo
SLOWEST, FASTEST = 0.25, 4.0  # of the tempo asked for: beyond them, a distance between notes says nothing of the tempo


def seconds_per_beat(beats: Doubles, seconds: Doubles, joined: NDArray[np.bool_], *, asked: float) -> float:
    """The tempo as played: the weighted median over neighbours that are `joined`; `asked` where nothing tells.

    `joined[k]` is whether note `k` follows note `k - 1` in the score and in the recording, with nothing left out between.
    """
    beats_between, seconds_between, usable = _between(beats, seconds, joined, asked)
    if not usable.any():
        return asked
    return _weighted_median(seconds_between[usable] / beats_between[usable], beats_between[usable])


def deviations(beats: Doubles, seconds: Doubles, joined: NDArray[np.bool_], *, beat: float, tolerance: float) -> Doubles:
    """Seconds that each note came after it was due; negative is early. Zero where the pulse starts anew."""
    local = _local_beats(beats, seconds, joined, beat)
    out = np.zeros(beats.size)
    for start, stop in _pieces(joined):
        out[start:stop] = _deviations(beats[start:stop], seconds[start:stop], local[start:stop], tolerance)
    return out


def _pieces(joined: NDArray[np.bool_]) -> list[tuple[int, int]]:
    starts = [0, *(int(k) for k in np.flatnonzero(~joined) if k)]
    return list(zip(starts, [*starts[1:], joined.size], strict=True)) if joined.size else []


def _deviations(beats: Doubles, seconds: Doubles, local: Doubles, tolerance: float) -> Doubles:
    """The deviations of one piece without a break. Its first note may be late; early, nobody could tell."""
    out = np.zeros(beats.size)
    first = min(5, beats.size)
    due = float(min(seconds[0], np.median(seconds[:first] - (beats[:first] - beats[0]) * local[0])))
    for k in range(beats.size):
        if k:
            due += (beats[k] - beats[k - 1]) * local[k]
        out[k] = seconds[k] - due
        if abs(out[k]) <= tolerance:
            due += FOLLOW * out[k]
            continue
        later = slice(k + 1, k + 1 + AHEAD)
        shifts = seconds[later] - (due + (beats[later] - beats[k]) * local[k])
        alike = np.abs(shifts - out[k]) <= tolerance
        back_at_once = shifts.size and abs(shifts[0]) <= tolerance
        if not back_at_once and alike.sum() * 2 > alike.size:
            due += float(np.median(np.append(shifts[alike], out[k])))
    return out


def _local_beats(beats: Doubles, seconds: Doubles, joined: NDArray[np.bool_], beat: float) -> Doubles:
    """The seconds of a beat around each note."""
    beats_between, seconds_between, usable = _between(beats, seconds, joined, beat)
    usable &= np.abs(seconds_between - beats_between * beat) < HELD_UP * beat
    out = np.full(beats.size, beat)
    for k in range(beats.size):
        near = slice(max(0, k - BESIDE), k + BESIDE + 1)
        if usable[near].sum() >= BESIDE // 2:
            weights = beats_between[near][usable[near]]
            out[k] = float((seconds_between[near][usable[near]]).sum() / weights.sum())
    return out


def _between(
    beats: Doubles, seconds: Doubles, joined: NDArray[np.bool_], asked: float
) -> tuple[Doubles, Doubles, NDArray[np.bool_]]:
    """The distance of each note to the one before it, in beats and seconds, and where that says something of the tempo."""
    beats_between, seconds_between = np.diff(beats, prepend=beats[:1]), np.diff(seconds, prepend=seconds[:1])
    usable = joined & (beats_between > 0) & (seconds_between > SLOWEST * asked * beats_between)
    usable &= seconds_between < FASTEST * asked * beats_between
    usable[:1] = False
    return beats_between, seconds_between, usable


def _weighted_median(values: Doubles, weights: Doubles) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
