"""Passages played again: somebody who practises plays a page many times, and that is not many wrong notes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.sessions.analysis.notes import Heard

PASSAGE = 4  # notes in a row that the score has too: fewer happen by chance


def again(notes: Sequence[Heard], wanted_midi: Sequence[float], *, tuning_cents: float) -> NDArray[np.bool_]:
    """Which of the notes heard belong to a passage of the score, wherever in it.

    >>> played = [Heard(at / 2, 0.5, midi, -10.0, 1.0) for at, midi in enumerate([61, 62, 64, 65, 67, 61])]
    >>> again(played, [60, 62, 64, 65, 67, 69], tuning_cents=0).tolist()
    [False, True, True, True, True, False]
    """
    score = np.rint(wanted_midi).astype(int).tolist()
    passages = {tuple(score[place : place + PASSAGE]) for place in range(len(score) - PASSAGE + 1)}
    heard = np.rint([note.midi - tuning_cents / 100 for note in notes]).astype(int).tolist()
    out = np.zeros(len(notes), bool)
    for place in range(len(heard) - PASSAGE + 1):
        if tuple(heard[place : place + PASSAGE]) in passages:
            out[place : place + PASSAGE] = True
    return out
