"""From frames to notes: a note ends where the sound does, where the pitch moves on, or where the sound swells up again."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from services.sessions.analysis import pitch, sound
from services.sessions.analysis.notes import Heard
from services.sessions.analysis.sound import HOP, RATE_HZ, Floats

SECONDS_PER_FRAME = HOP / RATE_HZ
PERIODIC = 0.3  # aperiodicity below it is a pitch; 0.3 is what 4 dB of signal over noise give
QUIET_DB = 45.0  # below the loudest, a sound is an echo or the room
STEP_SEMITONES = 0.65  # between the widest vibrato and the narrowest semitone
BESIDE = 5  # frames on either side that a step of pitch is looked for between: two of them may be glitches
SWELL_DB = 3.0  # within SWELL_FRAMES: more than vibrato does, less than a tongue or a bow does
SURE_SWELL_DB = 6.0  # with less, it is one note more only where the score wants one: a room does as much
FAINT_SWELL_DB = 1.0  # counts only where the score wants the same pitch again
SWELL_FRAMES = 3
SHORTEST = 4  # frames: 40 ms, half of the shortest note that anybody plays
CRUMB_SECONDS = 0.08  # a sound so short is as often a squeak as a note
HOLE = 3  # frames without a pitch that do not end a note


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the recording holds: its frames and the notes made of them."""

    pitches: pitch.Pitches
    levels_db: Floats
    swells_db: Floats  # how much louder each frame is than the quietest of those just before it
    voiced: NDArray[np.bool_]
    notes: tuple[Heard, ...]


def listen(samples: Floats, *, lowest_hz: float, highest_hz: float, shortest_seconds: float = 0.0) -> Hearing:
    """Hear the notes of a recording at `RATE_HZ`, looking for pitches between two bounds.

    No note is parted into pieces shorter than `shortest_seconds` unless it surely swells: an echo flutters as much as a tongue.
    """
    pitches = pitch.track(samples, lowest_hz=lowest_hz, highest_hz=highest_hz)
    size = max(int(0.02 * RATE_HZ), int(2 * RATE_HZ / max(lowest_hz, pitch.LOWEST_HZ)))
    levels = sound.levels_db(samples, min(size, int(0.04 * RATE_HZ)))
    loud = np.percentile(levels, 95) if levels.size else 0.0
    voiced = (pitches.aperiodicity < PERIODIC) & (levels > loud - QUIET_DB)
    swells = _swells(levels)
    notes: list[Heard] = []
    for start, stop in runs(_without_holes(voiced)):
        cuts = [start, *_cuts(pitches.midi[start:stop], swells[start:stop], start), stop]
        whole = _joined(list(pairwise(cuts)), pitches.midi, swells, shortest_seconds / SECONDS_PER_FRAME)
        notes += [note for low, high in whole if (note := note_of(pitches, levels, voiced, low, high)) is not None]
    return Hearing(pitches, levels, swells, voiced, tuple(notes))


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where a mask is true without a break: (first, one past the last), in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def note_of(pitches: pitch.Pitches, levels: Floats, voiced: NDArray[np.bool_], start: int, stop: int) -> Heard | None:
    """The note between two frames; None where hardly anything of it has a pitch."""
    sure = np.flatnonzero(voiced[start:stop]) + start
    if stop - start < SHORTEST or sure.size < SHORTEST - 1:
        return None
    settled = sure[min(3, sure.size // 4) :]  # the attack is not yet in tune
    return Heard(
        onset_seconds=start * SECONDS_PER_FRAME,
        duration_seconds=(stop - start) * SECONDS_PER_FRAME,
        midi=float(np.median(pitches.midi[settled])),
        loudness_db=float(min(0.0, levels[settled].mean())),
        confidence=float(np.clip(1 - np.median(pitches.aperiodicity[settled]), 0, 1)),
    )


def _without_holes(voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
    filled = voiced.copy()
    for start, stop in runs(~voiced):
        if start > 0 and stop < voiced.size and stop - start <= HOLE:
            filled[start:stop] = True
    return filled


def _swells(levels: Floats) -> Floats:
    """For each frame, the dB from the quietest of the frames just before it: float32, at least 0."""
    if not levels.size:
        return levels
    before = sliding_window_view(np.concatenate([np.repeat(levels[:1], SWELL_FRAMES), levels]), SWELL_FRAMES + 1)
    return np.asarray(levels - before.min(axis=1), np.float32)


def _cuts(midi: Floats, swells: Floats, start: int) -> list[int]:
    """The frames at which a new note begins inside a run with pitch throughout."""
    cuts = [low + (high - low) // 2 for low, high in runs(_steps(midi) > STEP_SEMITONES)]
    for low, high in runs(swells > SWELL_DB):
        at = max(low - SWELL_FRAMES // 2, 0)
        if low >= SHORTEST and all(abs(at - cut) > BESIDE for cut in cuts) and high - low < len(midi):
            cuts.append(at)
    return sorted(cut + start for cut in cuts)


def _steps(midi: Floats) -> Floats:
    """For each frame, how far the pitch of the frames from it on is from that of the frames before it, in semitones."""
    out = np.zeros(midi.size, np.float32)
    if midi.size >= 2 * BESIDE:
        middle: Floats = np.median(sliding_window_view(midi, BESIDE), axis=1)
        out[BESIDE : BESIDE + middle.size - BESIDE] = np.abs(middle[BESIDE:] - middle[:-BESIDE])
    return out


def _joined(pieces: list[tuple[int, int]], midi: Floats, swells: Floats, shortest: float) -> list[tuple[int, int]]:
    """Pieces of one pitch with no swell between them are one note; what is too short to be one goes to the note after it."""
    out: list[tuple[int, int]] = []
    for start, stop in pieces:
        if out:
            before = out[-1]
            near = swells[max(start - 1, 0) : start + SWELL_FRAMES]
            same = abs(float(np.median(midi[before[0] : before[1]]) - np.median(midi[start:stop]))) < STEP_SEMITONES
            short = min(before[1] - before[0], stop - start) < shortest
            if (same and near.size and near.max() < (SURE_SWELL_DB if short else SWELL_DB)) or before[1] - before[0] < SHORTEST:
                out[-1] = (before[0], stop)
                continue
        out.append((start, stop))
    return out


def faint_onset(hearing: Hearing, due_seconds: float, *, within: float) -> float | None:
    """Where the sound swells most around a moment, in seconds; None where it hardly does."""
    low = max(int((due_seconds - within) / SECONDS_PER_FRAME), 0)
    near = hearing.swells_db[low : int((due_seconds + within) / SECONDS_PER_FRAME) + 1]
    if not near.size or near.max() < FAINT_SWELL_DB:
        return None
    return (low + int(near.argmax()) - SWELL_FRAMES // 2) * SECONDS_PER_FRAME


def crumbs(hearing: Hearing, notes: Sequence[Heard]) -> NDArray[np.bool_]:
    """Which notes may be no notes of their own: those that go on with the one before them, or are over at once."""
    out = np.array([note.duration_seconds < CRUMB_SECONDS for note in notes], bool)
    for place in range(1, len(notes)):
        before, note = notes[place - 1], notes[place]
        gap = note.onset_seconds - before.onset_seconds - before.duration_seconds
        if abs(note.midi - before.midi) < STEP_SEMITONES and gap <= HOLE * SECONDS_PER_FRAME:
            at = round(note.onset_seconds / SECONDS_PER_FRAME)
            out[place] |= bool(hearing.swells_db[max(at - 1, 0) : at + 2 * SWELL_FRAMES].max() < SURE_SWELL_DB)
    return out


def cut(hearing: Hearing, note: Heard, at_seconds: list[float]) -> list[Heard]:
    """The notes that a note becomes when it is cut; the note itself where a piece would be no note."""
    ends = [note.onset_seconds, *sorted(at_seconds), note.onset_seconds + note.duration_seconds]
    frames = [round(each / SECONDS_PER_FRAME) for each in ends]
    pieces = [note_of(hearing.pitches, hearing.levels_db, hearing.voiced, low, high) for low, high in pairwise(frames)]
    whole = [piece for piece in pieces if piece is not None]
    return whole if len(whole) == len(pieces) else [note]
