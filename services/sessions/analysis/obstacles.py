"""What stands in the way of judging a recording, found before anything is guessed."""

import numpy as np

from services.sessions.analysis import sound
from services.sessions.analysis.notes import Obstacle
from services.sessions.analysis.segmenting import Hearing
from services.sessions.analysis.sound import RATE_HZ, Floats

SHORTEST_SECONDS = 0.1  # of sound, in which a note can be heard
SILENT_DB = -65.0  # at its loudest: quieter than a closed microphone
PITCHED_SHARE = 0.3  # of the loud frames; less, and most of the sound is something else


def before_listening(samples: Floats) -> Obstacle | None:
    """Too little sound, or none."""
    if samples.size < SHORTEST_SECONDS * RATE_HZ:
        return Obstacle.TOO_SHORT
    if np.percentile(sound.levels_db(samples, int(0.02 * RATE_HZ)), 99) < SILENT_DB:
        return Obstacle.SILENCE
    return None


def after_listening(samples: Floats, hearing: Hearing) -> Obstacle | None:
    """Noise in which no pitch is heard, or more than one pitch at a time."""
    loud = hearing.levels_db > np.percentile(hearing.levels_db, 95) - 20
    if not hearing.notes or (hearing.voiced & loud).sum() < PITCHED_SHARE * loud.sum():
        return Obstacle.TOO_NOISY
    return None
