"""What stands in the way of judging a recording, found before anything is guessed.

Noise and a second voice both spoil the period of a sound, but only noise fills the spectrum between its lines. Measured over
six timbres: aperiodicity is 3 to 4 times the flatness of the spectrum where one line sounds in noise (30 to -5 dB), and 7 to
100 times where two or four lines sound at once.
"""

import numpy as np
from numpy.typing import NDArray

from services.sessions.analysis import sound
from services.sessions.analysis.notes import Judgement, Obstacle
from services.sessions.analysis.segmenting import Hearing
from services.sessions.analysis.sound import HOP, RATE_HZ, Floats

SHORTEST_SECONDS = 0.1  # of sound, in which a note can be heard
SILENT_DB = -65.0  # at its loudest: quieter than a closed microphone
PITCHED_SHARE = 0.3  # of the loud frames; less, and most of the sound is something else
LOUD_DB = 20.0  # below the loudest that a frame may be and still say what kind of sound this is
APERIODIC = 0.1  # in the median, from here on something besides one line is sounding
ALL_NOISE = 0.85  # chords keep some period; noise alone has none
NOISE_RATIO = 5.5  # aperiodicity over flatness: more is not the doing of noise
BY_CHANCE = 0.2  # of the notes: pieces that have nothing to do with each other agree in up to 0.15
ENOUGH_NOTES = 8  # before it is said that somebody plays another piece
SPECTRUM = 2_048  # samples: 128 ms, so that the lines of a bass lie apart
SPECTRUM_HZ = (60.0, 3_000.0)  # where instruments have their lines, and recordings their noise
HARDLY_RIGHT = 0.5  # of the notes: with fewer right, it is asked whether there were several lines
PARTIALS, PARTIAL_THERE = 3, 1e-3  # looked for, and 30 dB below the loudest
ONE_LINE = 0.85  # of the first partials: one line has 0.90 to 1.0, two have 0.28 to 0.98, over six timbres, dry and in a room
HIGHER = 6  # times the pitch that a line above all that was looked for may have
LOOKED_AT = 200  # spectra, spread over the recording


def before_listening(samples: Floats) -> Obstacle | None:
    """Too little sound, or none."""
    if samples.size < SHORTEST_SECONDS * RATE_HZ:
        return Obstacle.TOO_SHORT
    if np.percentile(sound.levels_db(samples, int(0.02 * RATE_HZ)), 99) < SILENT_DB:
        return Obstacle.SILENCE
    return None


def after_listening(samples: Floats, hearing: Hearing) -> Obstacle | None:
    """Noise in which no pitch is heard, or more than one pitch at a time."""
    loud = hearing.levels_db > np.percentile(hearing.levels_db, 95) - LOUD_DB
    aperiodicity = float(np.median(hearing.pitches.aperiodicity[loud]))
    if APERIODIC < aperiodicity < ALL_NOISE and aperiodicity > NOISE_RATIO * _flatness(samples, np.flatnonzero(loud)):
        return Obstacle.POLYPHONIC
    if not hearing.notes or (hearing.voiced & loud).sum() < PITCHED_SHARE * loud.sum():
        return Obstacle.TOO_NOISY
    return None


def after_following(samples: Floats, hearing: Hearing, judgement: Judgement) -> Obstacle | None:
    """Notes that agree with the score no more often than those of other pieces do; or several lines that were heard as one.

    Two notes have a period in common, far below both: a listener for a bass takes that for a note. It has no first partials.
    """
    heard = len(judgement.extras) + sum(verdict.heard is not None for verdict in judgement.verdicts)
    right = judgement.pitch_accuracy or 0.0
    if judgement.transposed_semitones or heard < ENOUGH_NOTES or right >= HARDLY_RIGHT:
        return None
    if _like_one_line(samples, hearing) < ONE_LINE:
        return Obstacle.POLYPHONIC
    return Obstacle.ANOTHER_PIECE if right < BY_CHANCE else None


def _like_one_line(samples: Floats, hearing: Hearing) -> float:
    """Of the first partials of what was heard as a pitch, the share that is there: of one line nearly all, 0 to 1."""
    voiced = np.flatnonzero(hearing.voiced)
    chosen = voiced[np.linspace(0, voiced.size - 1, min(LOOKED_AT, voiced.size)).astype(np.int64)]
    if not chosen.size:
        return 1.0
    hertz = 440 * 2 ** ((hearing.pitches.midi[chosen].astype(np.float64) - 69) / 12)
    shares = [_share_there(row, hz) for row, hz in zip(_spectra(samples, chosen, finer=2), hertz.tolist(), strict=True)]
    return float(np.mean(shares))


def _share_there(power: NDArray[np.float64], hz: float) -> float:
    """The share of the first partials of a pitch that is in a spectrum; all, where those that are make one higher pitch."""
    at = hz * 2 * SPECTRUM / RATE_HZ
    low, high = (int(each * 2 * SPECTRUM / RATE_HZ) for each in SPECTRUM_HZ)
    least = power[low:high].max() * PARTIAL_THERE
    there = []
    for partial in range(1, 2 * HIGHER):
        beside = max(2.0, min(partial * at * 0.02, at / 3))
        near = power[int(partial * at - beside) : int(partial * at + beside) + 2]
        there.append(bool(near.size and near.max() > least))
    first = there.index(True) + 1 if any(there) else 1
    if 1 < first <= HIGHER and not any(there[first : 2 * first - 1]):
        return 1.0
    return sum(there[:PARTIALS]) / PARTIALS


def _flatness(samples: Floats, frames: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """The median over some frames of the spectrum's geometric mean over its arithmetic one: 0 is one line, noise is 0.56."""
    chosen = frames[np.linspace(0, frames.size - 1, min(LOOKED_AT, frames.size)).astype(np.int64)]
    low, high = (int(hz * SPECTRUM / RATE_HZ) for hz in SPECTRUM_HZ)
    power = _spectra(samples, chosen)[:, low:high] + 1e-12
    return float(np.median(np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)))


def _spectra(samples: Floats, frames: np.ndarray[tuple[int], np.dtype[np.int64]], *, finer: int = 1) -> NDArray[np.float64]:
    """The power around these frames, one row each; `finer` has so many times as many bins."""
    around = np.concatenate([np.zeros(SPECTRUM // 2, np.float32), samples, np.zeros(SPECTRUM, np.float32)])
    pieces = np.stack([around[frame * HOP : frame * HOP + SPECTRUM] for frame in frames]) * np.hanning(SPECTRUM)
    return np.asarray(np.abs(np.fft.rfft(pieces, finer * SPECTRUM)) ** 2)
