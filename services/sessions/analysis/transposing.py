"""Whole performances in another octave or key: who plays a part that is written for another instrument makes one mistake."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from services.sessions.analysis.notes import Heard, Judgement, Outcome

PASSAGE = 4  # intervals in a row that the score has too: fewer happen by chance
MOSTLY_WRONG = 0.5  # of the pitches: with more of them right, the others are mistakes
GREAT_MAJORITY = 0.8  # of all notes, off by the same interval
FEWEST = 8  # notes of which that can be said


def may_be(judgement: Judgement) -> bool:
    """Whether so little is right that it is worth asking."""
    return (judgement.pitch_accuracy or 0.0) < MOSTLY_WRONG


def semitones(notes: Sequence[Heard], wanted_midi: Sequence[float]) -> int:
    """By how many semitones most passages of the score were played higher; 0 where none was, or as it is written.

    >>> scale = [60, 62, 64, 65, 67, 69]
    >>> semitones([Heard(at / 2, 0.5, midi - 2.1, -10.0, 1.0) for at, midi in enumerate(scale)], scale)
    -2
    """
    heard, written = [note.midi for note in notes], list(wanted_midi)
    places = defaultdict(list)
    for place, passage in _passages(written):
        places[passage].append(written[place])
    votes = Counter(round(heard[place] - midi) for place, passage in _passages(heard) for midi in places.get(passage, ()))
    return votes.most_common(1)[0][0] if votes else 0


def is_surely(judgement: Judgement) -> bool:
    """Whether the great majority of all that was played is off by the interval by which it was followed."""
    reached = [verdict for verdict in judgement.verdicts if verdict.heard is not None]
    off = [each for each in reached if each.outcome is Outcome.WRONG_PITCH and each.cents_off is not None]
    same = sum(round((each.cents_off or 0) / 100) == judgement.transposed_semitones for each in off)
    return same >= max(FEWEST, GREAT_MAJORITY * (len(reached) + len(judgement.extras)))


def _passages(midi: Sequence[float]) -> list[tuple[int, tuple[int, ...]]]:
    """Every run of intervals, in semitones, and the place that it begins at."""
    steps = [round(after - before) for before, after in pairwise(midi)]
    return [(place, tuple(steps[place : place + PASSAGE])) for place in range(len(steps) - PASSAGE + 1)]
