"""The words that the ear and those who ask it share: what the score wants, what was heard, and what that makes of each note."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import dropwhile

FIRST_MEASURE = 1  # whole measures are counted from it; an upbeat is 0


@dataclass(frozen=True, slots=True)
class Expected:
    """One sounding note of the part, in the order it is played: tied notes are one, and repeats are played out.

    A list of them is ordered by `onset_beats`. Beats are quarter notes whatever the time signature.
    """

    index: int  # its place in the list, from 0
    note_ids: tuple[str, ...]  # of the MusicXML note elements that it stands for, several where they are tied
    measure: int  # the number that is printed in the score, 0 for an upbeat; positions from 1 where numbers say nothing
    occurrence: int  # 1 the first time this measure is played, 2 when a repeat plays it again
    onset_beats: float  # quarter notes from the start, repeats played out
    duration_beats: float
    midi: float  # sounding pitch: 69 is the A of 440 Hz
    name: str  # sounding, as a person writes it: "F#4"


def beginning_at(notes: Sequence[Expected], starting_measure: int) -> Sequence[Expected]:
    """The notes of somebody who begins at this measure: all of them where it is the first, so that an upbeat is among them."""
    if starting_measure <= FIRST_MEASURE:
        return notes
    return list(dropwhile(lambda note: note.measure < starting_measure, notes))


@dataclass(frozen=True, slots=True)
class Heard:
    """One note that the recording holds."""

    onset_seconds: float  # from the start of the recording
    duration_seconds: float
    midi: float  # to the cent; 69.3 is thirty cents above the A of 440 Hz
    loudness_db: float  # mean, relative to full scale: at most 0
    confidence: float  # 0 to 1, how periodic the sound was


class Outcome(StrEnum):
    """What became of one expected note. A note that is wrong in pitch is that first, whenever it came."""

    CORRECT = "correct"  # the right pitch at the right time
    WRONG_PITCH = "wrong_pitch"  # something else was played in its place
    LATE = "late"  # the right pitch, too late
    EARLY = "early"  # the right pitch, too early
    MISSED = "missed"  # nothing was played in its place
    SKIPPED = "skipped"  # its whole bar, or the run of bars around it, was left out


class Obstacle(StrEnum):
    """Why a recording cannot be judged. Nothing is guessed then: no note has a verdict."""

    NO_SCORE = "no_score"  # there is no note to compare with, or none from the starting measure on
    TOO_SHORT = "too_short"  # less sound than one note needs
    SILENCE = "silence"  # there is nothing in the recording, or it is too quiet to tell
    TOO_NOISY = "too_noisy"  # there is sound, but no pitch in most of it
    POLYPHONIC = "polyphonic"  # several notes sound at once; only one line can be judged
    ANOTHER_PIECE = "another_piece"  # notes were heard, but they do not follow this score


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one expected note. What was heard in its place is absent where it was missed or skipped."""

    note: Expected
    outcome: Outcome
    heard: Heard | None = None
    cents_off: float | None = None  # heard less expected, after the tuning of the instrument is taken off
    seconds_late: float | None = None  # against the player's own pulse; negative is early
    beats_late: float | None = None


@dataclass(frozen=True, slots=True)
class MeasureAccuracy:
    """How one measure went, one time that it was played."""

    measure: int
    occurrence: int
    notes: int  # expected in it
    pitch: float  # 0 to 1, the share of its notes with the right pitch
    rhythm: float  # 0 to 1, the share of its notes that were played, and in time
    skipped: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the ear makes of a recording.

    `verdicts` has one for every expected note from the starting measure on, in order, unless an obstacle stands in the way:
    then it is empty and every figure that would be a guess is None. Accuracies are of the notes up to the last one that was
    played, so that somebody who practises half of a piece is judged on that half; `reached_measure` says how far it went.
    """

    obstacle: Obstacle | None
    verdicts: tuple[Verdict, ...]
    extras: tuple[Heard, ...]  # heard, but nowhere in the score: in time order
    measures: tuple[MeasureAccuracy, ...]  # in the order played, up to the last one reached
    skipped_measures: tuple[int, ...]  # ascending, of measures left out before the last one reached
    reached_measure: int | None
    pitch_accuracy: float | None  # 0 to 1
    rhythm_accuracy: float | None  # 0 to 1
    score_accuracy: int | None  # 0 to 100, the one figure of the session
    asked_tempo_bpm: float  # quarter notes per minute
    tempo_bpm: float | None  # as played
    tuning_cents: float | None  # of the instrument against A = 440 Hz: 30 flat is -30
    heard_share: float  # 0 to 1, of the expected notes from the starting measure on, for which anything was heard
    sounding_seconds: float  # of the recording in which a pitch was heard
    transposed_semitones: int = 0  # by which everything was played higher than it is written; then all of it is wrong
    notes_played_again: int = 0  # of passages of the score that were played more than once: the best time is judged
