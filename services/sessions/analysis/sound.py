"""Samples as the ear takes them: one channel, one rate, no offset, whatever the recording had."""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE_HZ = 16_000  # holds two harmonics of the highest note of a piano, and a minute in 4 MB
HOP = 160  # samples between frames: 10 ms, a third of what a listener notices
LOBES = 12  # of the sinc on either side: 60 dB of what would fold back is gone
PHASES = 256  # positions between two samples at which the sinc is tabulated
OUTPUT_BLOCK = 16_384  # samples resampled at a time: about 10 MB of working memory from 48 kHz
LOWEST_RATE_HZ = 4_000  # below it, a recording has no harmonics left to hear
QUIETEST_DB = -120.0  # what the level of digital silence is called


def prepared(samples: Floats, sample_rate_hz: float) -> Floats:
    """The sound at `RATE_HZ`, with what is no number made silence and the constant offset taken off.

    Raises ValueError where the samples are not one channel, or the rate is no rate of a recording.
    """
    if samples.ndim != 1:
        raise ValueError("samples must be one channel: an array of one dimension")
    if not LOWEST_RATE_HZ <= sample_rate_hz < float("inf"):
        raise ValueError(f"sample_rate_hz must be at least {LOWEST_RATE_HZ}")
    out = _cleaned(samples) if sample_rate_hz == RATE_HZ else _resampled(samples, sample_rate_hz)
    if out.size:
        out -= np.float32(out.mean(dtype=np.float64))
    return out


def _cleaned(samples: Floats) -> Floats:
    """A copy in which everything is a number between -1 and 1."""
    out = np.array(samples, np.float32)
    np.nan_to_num(out, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(out, -1.0, 1.0, out=out)


def _resampled(samples: Floats, sample_rate_hz: float) -> Floats:
    """The same sound at `RATE_HZ`, through a windowed sinc that is as narrow as the lower of both rates asks.

    J. O. Smith, "Bandlimited Interpolation". Block by block, so that an hour at 48 kHz costs no more memory than its result.
    """
    step = sample_rate_hz / RATE_HZ
    reach = int(np.ceil(LOBES * max(1.0, step)))
    table = _sinc_table(reach, cut=min(1.0, 1.0 / step) * 0.95)
    out = np.empty(int(samples.size / step), np.float32)
    for start in range(0, out.size, OUTPUT_BLOCK):
        at = np.arange(start, min(start + OUTPUT_BLOCK, out.size)) * step
        whole = at.astype(np.int64)
        phase = ((at - whole) * PHASES).astype(np.int64)
        first = int(whole[0]) - reach + 1
        windows = sliding_window_view(_stretch(samples, first, int(whole[-1]) + reach + 1), 2 * reach)
        out[start : start + at.size] = np.einsum("ij,ij->i", windows[whole - whole[0]], table[phase])
    return out


def _stretch(samples: Floats, low: int, high: int) -> Floats:
    """The cleaned samples from `low` to `high`, with silence where there are none."""
    out = np.zeros(high - low, np.float32)
    inside = samples[max(low, 0) : max(high, 0)]
    out[max(-low, 0) : max(-low, 0) + inside.size] = _cleaned(inside)
    return out


def _sinc_table(reach: int, *, cut: float) -> Floats:
    """The kernel at every phase: float32 (PHASES, 2 * reach); the sample at `reach - 1` is the one at or before the place."""
    offsets = np.arange(-reach + 1, reach + 1)[None, :] - (np.arange(PHASES)[:, None] + 0.5) / PHASES
    taper = np.cos(np.pi / 2 * np.clip(offsets / reach, -1, 1)) ** 2
    kernel = cut * np.sinc(cut * offsets) * taper
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True), np.float32)


def frames(samples: Floats, size: int, *, at_once: int = 1_000) -> Iterator[tuple[int, Floats]]:
    """Blocks of frames of `size` samples, each centred on a multiple of `HOP`: the first one's index, float32 (n, size)."""
    count = frame_count(samples)
    before = size // 2
    for start in range(0, count, at_once):
        stop = min(start + at_once, count)
        low, high = start * HOP - before, (stop - 1) * HOP - before + size
        yield start, np.asarray(sliding_window_view(_stretch(samples, low, high), size)[::HOP], dtype=np.float32)


def frame_count(samples: Floats) -> int:
    """How many frames the sound has."""
    return -(-samples.size // HOP)


def levels_db(samples: Floats, size: int) -> Floats:
    """The loudness of each frame through a Hann window of `size` samples, in dB of full scale: float32 (frames)."""
    window = np.hanning(size).astype(np.float32)
    weights = window / window.sum()
    out = np.empty(frame_count(samples), np.float32)
    for start, block in frames(samples, size):
        out[start : start + len(block)] = (block * block) @ weights
    return (10 * np.log10(np.maximum(out, 10 ** (QUIETEST_DB / 10)))).astype(np.float32)
