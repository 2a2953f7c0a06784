"""What is said of a judgement, in words and in pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from services.sessions.analysis import coaching, decoding, spectrograms, words
from services.sessions.analysis.notes import Expected, Heard, Judgement, Obstacle, Outcome, Verdict
from tests.sessions import make

BEGINS = {(measure, 1): 4.0 * (measure - 1) for measure in range(1, 9)}
C, W, L, E, M = Outcome.CORRECT, Outcome.WRONG_PITCH, Outcome.LATE, Outcome.EARLY, Outcome.MISSED


def verdict(place: int, outcome: Outcome, *, cents: float = 0.0, late: float = 0.0) -> Verdict:
    """The note in that place of a piece in which every note is an A of a quarter."""
    note = Expected(place, (f"note-{place + 1}",), place // 4 + 1, 1, float(place), 1.0, 69.0, "A4")
    if outcome is M:
        return Verdict(note, outcome)
    return Verdict(note, outcome, Heard(place * 0.5, 0.45, 69 + cents / 100, -20, 0.9), cents, late / 2, late)


def judgement(verdicts: Sequence[Verdict], **changes: object) -> Judgement:
    facts = {"obstacle": None, "verdicts": tuple(verdicts), "extras": (), "measures": (), "skipped_measures": ()}
    figures = {"reached_measure": 8, "pitch_accuracy": 1.0, "rhythm_accuracy": 1.0, "score_accuracy": 97, "heard_share": 1.0}
    tempi = {"asked_tempo_bpm": 120.0, "tempo_bpm": 120.0, "tuning_cents": 0.0, "sounding_seconds": 15.0}
    return Judgement(**(facts | figures | tempi | changes))  # type: ignore[arg-type]


def performance(mistakes: dict[int, Verdict]) -> list[Verdict]:
    """Eight measures with these notes, and every other one right."""
    return [mistakes.get(place) or verdict(place, C) for place in range(32)]


@pytest.mark.parametrize(
    ("mistakes", "changes", "said"),
    [
        ({}, {}, "Every note of measures 1 to 8 was right and in time."),  # and so no mistake is invented
        ({}, {}, "Next, try 125 quarter notes a minute, or another piece."),
        ({}, {"tempo_bpm": 90.0}, "Next, play it at 95 quarter notes a minute, on the way to 120."),  # slower than asked
        ({5: verdict(5, W, cents=100)}, {}, "In measure 2, beat 2, you played A#4 instead of A4: mind the accidental."),
        ({5: verdict(5, W, cents=-200)}, {}, "In measure 2, beat 2, you played G4 instead of A4."),  # no accidental explains it
        (
            {4: verdict(4, W, cents=500), 9: verdict(9, W, cents=500)},
            {},
            "You played D5 instead of A4 twice, in measures 2 and 3.",
        ),
        (
            {place: verdict(place, W, cents=-200) for place in range(32)},
            {"transposed_semitones": -2},
            "You seem to play everything a major second lower than written: is this a part for a transposing instrument?",
        ),
        ({5: verdict(5, M)}, {}, "1 note is missing, in measure 2."),
        ({5: verdict(5, M), 6: verdict(6, M)}, {}, "2 notes are missing, in measure 2."),
        ({5: verdict(5, L, late=0.5)}, {}, "1 note came late, by 0.5 of a beat, in measure 2."),
        ({place: verdict(place, C, late=-0.1) for place in range(8, 16)}, {}, "You rush in measures 3 and 4."),
        ({place: verdict(place, C, late=0.1) for place in range(8, 16)}, {}, "You drag in measures 3 and 4."),
        (
            {place: verdict(place, C, cents=22) for place in range(32)},
            {},
            "Your A4 is sharp by about 22 cents (measures 1 to 8).",
        ),
        ({}, {"tuning_cents": -31.0}, "The instrument as a whole is about 31 cents below A = 440 Hz"),  # which is no mistake
        ({}, {"skipped_measures": (5, 6)}, "You left out measures 5 and 6."),
        ({}, {"extras": (verdict(1, C).heard,)}, "1 note was played that the score does not have."),
        ({20: verdict(20, M)}, {}, "Next, practise measure 6 at 102 quarter notes a minute."),
        (
            {place: verdict(place, W, cents=300) for place in (20, 21, 22)},
            {},
            "practise measure 6 at 84 quarter notes a minute",
        ),  # after many, slower
    ],
)
def test_a_coach_names_what_was_heard(mistakes: dict[int, Verdict], changes: dict[str, object], said: str) -> None:
    assert said in coaching.feedback(judgement(performance(mistakes), **changes), begins=BEGINS)


@pytest.mark.parametrize("obstacle", Obstacle)
def test_what_cannot_be_judged_is_said_and_nothing_else(obstacle: Obstacle) -> None:
    nothing = judgement((), obstacle=obstacle, score_accuracy=None, tempo_bpm=None, tuning_cents=None, heard_share=0.0)

    told = f"{words.summary(nothing)} {coaching.feedback(nothing, begins={})}"

    assert not any(character.isdigit() for character in told)  # no figure is guessed
    assert told.count(".") >= 2


def test_a_summary_has_two_to_four_sentences_and_counts_as_people_do() -> None:
    one = judgement(performance({5: verdict(5, W, cents=100)}))
    many = judgement(
        performance({place: verdict(place, W, cents=300) for place in (4, 5, 6, 20)}), tempo_bpm=80.0, heard_share=0.4
    )

    assert words.summary(one) == (
        "31 of 32 notes had the right pitch, and all of those came in time (97 of 100). The one mistake is in measure 2. "
        "The tempo was 120 quarter notes a minute, as asked."
    )
    assert "Most mistakes are in measure 2." in words.summary(many)
    assert "slower than 120" in words.summary(many)
    assert words.summary(many).endswith("so take this with care.")


def test_a_picture_of_noise_stays_small_and_one_of_nothing_is_drawn_too() -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, 60 * 16_000).astype(np.float32)

    assert len(spectrograms.user(noise, 16_000, (), [])) <= 300_000
    assert len(spectrograms.user(noise[:1], 16_000, (), [0.0])) < 20_000


def test_what_browsers_record_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "recording").write_bytes(make.recording())

    sound = decoding.decode(tmp_path / "recording")

    assert abs(sound.seconds - 1.0) < 0.05
    assert (sound.samples.dtype, sound.is_cut) == (np.float32, False)
