"""The axes that both spectrograms share: which column a second is, which row a frequency; and where the score's beats fall."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.sessions.analysis.notes import Judgement, Verdict

LOWEST_HZ, HIGHEST_HZ = 50.0, 4_000.0  # from the lowest string of a bass to the overtones that tell instruments apart
ROWS = 224  # 35 an octave: three to a semitone
COLUMNS_PER_SECOND = 40  # a sixteenth at 120 is five
FEWEST_COLUMNS, MOST_COLUMNS = 120, 1_600  # 40 s at full width; a longer recording has fewer columns a second
OCTAVES = math.log2(HIGHEST_HZ / LOWEST_HZ)


@dataclass(frozen=True, slots=True)
class Axes:
    """The frame of a picture: row 0 is the top."""

    seconds: float
    columns: int

    def column(self, at_seconds: float) -> int:
        """The column that an instant is in, also outside of the picture."""
        return math.floor(at_seconds / self.seconds * self.columns)

    def centres(self) -> NDArray[np.float64]:
        """The instant in the middle of each column, in seconds."""
        return (np.arange(self.columns) + 0.5) * self.seconds / self.columns


def of(seconds: float) -> Axes:
    """The axes for so much sound."""
    length = max(seconds, 0.1)
    return Axes(length, min(max(math.ceil(length * COLUMNS_PER_SECOND), FEWEST_COLUMNS), MOST_COLUMNS))


def row(hz: float) -> float:
    """The row that a frequency is in, 0 at the top; a fraction of one counts."""
    return (1 - math.log2(hz / LOWEST_HZ) / OCTAVES) * ROWS


def edges_hz() -> NDArray[np.float64]:
    """The frequencies between the rows, from the top down: ROWS + 1 of them."""
    return np.asarray(HIGHEST_HZ * 2.0 ** (-np.arange(ROWS + 1) / ROWS * OCTAVES))


class Timeline:
    """When each beat of the score was due on the player's own pulse, so that the score can be drawn under the performance.

    Between notes that were heard it follows the player; elsewhere, and where nothing was judged, it keeps the tempo.
    """

    def __init__(self, judgement: Judgement, verdicts: Sequence[Verdict], *, first_beat: float) -> None:
        self._beat_seconds = 60 / (judgement.tempo_bpm or judgement.asked_tempo_bpm)
        found = [
            (each.note.onset_beats, each.heard.onset_seconds - (each.seconds_late or 0))
            for each in verdicts
            if each.heard is not None
        ]
        beats, seconds = zip(*found, strict=True) if found else ((first_beat,), (0.0,))
        self._beats = np.array(beats)
        self._seconds = np.maximum.accumulate(np.array(seconds))

    def at(self, beat: float) -> float:
        """The second that a beat was due."""
        if beat < self._beats[0]:
            return float(self._seconds[0] - (self._beats[0] - beat) * self._beat_seconds)
        if beat > self._beats[-1]:
            return float(self._seconds[-1] + (beat - self._beats[-1]) * self._beat_seconds)
        return float(np.interp(beat, self._beats, self._seconds))
