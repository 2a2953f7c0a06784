"""Which pitch sounds when: YIN (de Cheveigné and Kawahara, "YIN, a fundamental frequency estimator", 2002), by the block."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.sessions.analysis import sound
from services.sessions.analysis.sound import RATE_HZ, Floats

LOWEST_HZ, HIGHEST_HZ = 27.0, 4_300.0  # a piano's; below and above, nothing is looked for
SHORTEST_WINDOW = 480  # samples, 30 ms: shorter ones lose the pitch in 30 dB of noise
NEARLY_AS_GOOD = 0.05  # a shorter period this close to the best one is the period; the best is often a multiple of it
AT_ONCE = 500  # frames; about 30 MB of working memory
STEPS_OF_A_PERIOD = 32  # at least, of the highest pitch: fewer, and a dip falls between two steps, and its double wins
FINEST = 8  # steps of a sample: more costs more than it helps
MULTIPLES = 4  # a period is read off up to its fourth multiple, which quarters the error of rounding to samples


@dataclass(frozen=True, slots=True)
class Pitches:
    """One figure per frame of `sound.HOP` samples."""

    midi: Floats  # of the best period, also where it means nothing
    aperiodicity: Floats  # 0 is perfectly periodic; noise is about 1


def track(samples: Floats, *, lowest_hz: float, highest_hz: float) -> Pitches:
    """The pitch of every frame between two bounds, which are kept within what can be heard at all.

    The samples are at `RATE_HZ`. A narrow range is quicker, sharper in time and makes fewer errors of an octave.
    """
    lowest_hz, highest_hz = max(lowest_hz, LOWEST_HZ), min(highest_hz, HIGHEST_HZ)
    finer = min(FINEST, 1 << max(0, int(np.ceil(np.log2(highest_hz * STEPS_OF_A_PERIOD / RATE_HZ)))))
    longest = int(np.ceil(RATE_HZ / lowest_hz)) + 2
    window = max(SHORTEST_WINDOW, longest)
    count = sound.frame_count(samples)
    midi, aperiodicity = np.empty(count, np.float32), np.empty(count, np.float32)
    for start, block in sound.frames(samples, window + longest, at_once=AT_ONCE):
        difference = _normalised(_difference(block, window, longest, finer))
        period, depth = _period(difference, shortest=int(RATE_HZ * finer / highest_hz) - 1)
        stop = start + len(block)
        midi[start:stop] = 69 + 12 * np.log2(RATE_HZ * finer / period / 440)
        aperiodicity[start:stop] = depth
    return Pitches(midi, aperiodicity)


def _difference(block: Floats, window: int, longest: int, finer: int) -> Floats:
    """YIN's step 2: how much each frame differs from itself moved by 0 to `longest` samples, in steps of 1 / `finer` sample.

    float32 (frames, longest * finer + 1). The steps between samples are exact: a longer inverse transform interpolates.
    """
    size = 1 << (window + longest - 1).bit_length()
    spectrum = np.fft.rfft(block, size)
    part = np.fft.rfft(block[:, :window], size)
    alike = np.fft.irfft(spectrum * part.conj(), size * finer)[:, : longest * finer + 1] * finer
    energy = np.zeros((len(block), window + longest + 1))
    np.cumsum(block.astype(np.float64) ** 2, axis=1, out=energy[:, 1:])
    moved = energy[:, window : window + longest + 1] - energy[:, : longest + 1]
    if finer > 1:
        moved = _between(moved, finer)
    return np.maximum(moved[:, :1] + moved - 2 * alike, 0).astype(np.float32)


def _between(values: NDArray[np.float64], finer: int) -> NDArray[np.float64]:
    """The rows with straight lines between their values, `finer` steps to each."""
    rise = np.diff(values, axis=1)[:, :, None] * (np.arange(finer) / finer)
    return np.concatenate([(values[:, :-1, None] + rise).reshape(len(values), -1), values[:, -1:]], axis=1)


def _normalised(difference: Floats) -> Floats:
    """YIN's step 3: each difference by the mean of those before it, so that small moves do not win."""
    moves = np.arange(difference.shape[1], dtype=np.float32)
    total = np.cumsum(difference, axis=1, dtype=np.float64)
    out = np.ones_like(difference)
    np.divide(difference * moves, total, out=out, where=total > 0, casting="unsafe")
    out[:, 0] = 1
    return out


def _period(difference: Floats, shortest: int) -> tuple[NDArray[np.float64], Floats]:
    """YIN's steps 4 and 5: the first dip that is nearly as deep as the deepest, to a fraction of a sample, and its depth."""
    inner = difference[:, shortest:-1]
    dips = (inner < difference[:, shortest - 1 : -2]) & (inner <= difference[:, shortest + 1 :])
    enough = dips & (inner <= np.where(dips, inner, np.inf).min(axis=1, keepdims=True) + NEARLY_AS_GOOD)
    first = np.where(enough.any(axis=1), enough.argmax(axis=1), inner.argmin(axis=1)) + shortest
    rows = np.arange(len(difference))
    coarse = _vertex(difference, first)
    depth = difference[rows, first]
    longest = difference.shape[1] - 2
    multiple = np.clip((longest - 1) // np.maximum(coarse, 1), 1, MULTIPLES)
    near = np.clip(np.rint(coarse * multiple).astype(np.int64), 2, longest - 1)
    around = np.stack([difference[rows, near + move] for move in (-1, 0, 1)])
    fine = _vertex(difference, near + around.argmin(axis=0) - 1) / multiple
    sure = np.abs(fine - coarse) < np.maximum(0.5, 0.03 * coarse)
    return np.where(sure, fine, coarse), depth


def _vertex(difference: Floats, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where the parabola through a dip and its two neighbours is lowest."""
    rows = np.arange(len(difference))
    before, here, after = (difference[rows, at + move].astype(np.float64) for move in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend > 1e-12)
    return np.asarray(at + np.clip(shift, -0.5, 0.5))
