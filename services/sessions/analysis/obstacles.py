"""What stands in the way of judging a recording, found before anything is guessed.

Noise and a second voice both spoil the period of a sound, but only noise fills the spectrum between its lines. Measured over
six timbres: aperiodicity is 3 to 4 times the flatness of the spectrum where one line sounds in noise (30 to -5 dB), and 7 to
100 times where two or four lines sound at once.
"""

import numpy as np

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


def after_following(judgement: Judgement) -> Obstacle | None:
    """Notes that agree with the score no more often than those of other pieces do."""
    heard = len(judgement.extras) + sum(verdict.heard is not None for verdict in judgement.verdicts)
    astray = (judgement.pitch_accuracy or 0.0) < BY_CHANCE and heard >= ENOUGH_NOTES
    return Obstacle.ANOTHER_PIECE if astray else None


def _flatness(samples: Floats, frames: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """The median over some frames of the spectrum's geometric mean over its arithmetic one: 0 is one line, noise is 0.56."""
    chosen = frames[np.linspace(0, frames.size - 1, min(LOOKED_AT, frames.size)).astype(np.int64)]
    around = np.concatenate([np.zeros(SPECTRUM // 2, np.float32), samples, np.zeros(SPECTRUM, np.float32)])
    pieces = np.stack([around[frame * HOP : frame * HOP + SPECTRUM] for frame in chosen]) * np.hanning(SPECTRUM)
    low, high = (int(hz * SPECTRUM / RATE_HZ) for hz in SPECTRUM_HZ)
    power = np.abs(np.fft.rfft(pieces)[:, low:high]) ** 2 + 1e-12
    return float(np.median(np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)))
