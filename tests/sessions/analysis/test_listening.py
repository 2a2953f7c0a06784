"""The ear over performances whose mistakes are known, of scores that it was made with and of others that it never saw."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from music21 import corpus as library
from music21.musicxml.m21ToXml import GeneralObjectExporter

from services.sessions.analysis.notes import Expected, Outcome
from services.sessions.scores import expected
from tests.sessions.analysis import corpus, measuring, performing
from tests.sessions.analysis.performing import TIMBRES, Plan

TEMPOS_BPM = (60, 75, 90, 105, 120)
CASES = 60  # of each kind; the bar asks for 50
SEEN, UNSEEN = 100, 900_000  # seeds


def plans(first_seed: int, **mistakes: float) -> Iterator[Plan]:
    """Every timbre at every tempo, twice over."""
    for k in range(CASES):
        timbre = tuple(TIMBRES)[k // len(TEMPOS_BPM) % len(TIMBRES)]
        yield Plan(seed=first_seed + k, tempo_bpm=TEMPOS_BPM[k % len(TEMPOS_BPM)], timbre=timbre, **mistakes)


def cases(pieces: Sequence[tuple[str, int]], first_seed: int, **mistakes: float) -> Iterator[tuple[tuple[Expected, ...], Plan]]:
    """One piece after another; every third performance leaves a bar out where there are mistakes at all."""
    for k, plan in enumerate(plans(first_seed, **mistakes)):
        yield corpus.line(*pieces[k % len(pieces)]), replace(plan, skipped_bars=1 if mistakes and k % 3 == 0 else 0)


@pytest.mark.nightly
@pytest.mark.parametrize(("pieces", "seed"), [(corpus.STUDIED, SEEN), (corpus.HELD_OUT, UNSEEN)], ids=["studied", "held out"])
def test_wrong_notes_are_found_and_right_ones_left_alone(
    pieces: Sequence[tuple[str, int]], seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    sheets = measuring.measured(cases(pieces, seed, wrong=0.08, late=0.05, missed=0.03))
    faultless = measuring.measured(cases(pieces, seed + 10_000))["all"]

    with capsys.disabled():
        print(f"\n{measuring.table(sheets)}")
        print(f"without a mistake, {faultless.notes} notes: {faultless.false_alarms} found wanting")
    for name, sheet in sheets.items():
        assert min(sheet.wrong.precision, sheet.wrong.recall) >= 0.9, name
    whole = sheets["all"]
    assert min(whole.late.recall, whole.late.precision, whole.skipped.recall, whole.missed.recall) >= 0.85
    assert faultless.false_alarms <= 0.005 * faultless.notes


def test_known_mistakes_in_a_chorale_are_found() -> None:
    for k, timbre in enumerate(("bassoon", "piano")):
        notes = corpus.line("bach/bwv66.6", k)
        plan = Plan(seed=40 + k, tempo_bpm=120 - 30 * k, timbre=timbre, wrong=0.1, late=0.06, skipped_bars=1)
        played = performing.perform(notes, plan)

        judgement = measuring.heard(played, notes, plan)

        of = {outcome: {v.note.index for v in judgement.verdicts if v.outcome is outcome} for outcome in Outcome}
        assert of[Outcome.WRONG_PITCH] == set(played.wrong)
        assert of[Outcome.LATE] == set(played.late)
        assert of[Outcome.SKIPPED] == played.skipped
        assert judgement.tempo_bpm == pytest.approx(plan.tempo_bpm, rel=0.05)


def test_what_was_played_instead_is_named() -> None:
    notes = corpus.line("bach/bwv66.6", 0)[:16]
    plan = Plan(seed=3, tempo_bpm=120, timbre="clarinet", wrong=0.2)
    played = performing.perform(notes, plan)

    verdicts = measuring.heard(played, notes, plan).verdicts

    assert {v.note.index: round(v.heard.midi) for v in verdicts if v.outcome is Outcome.WRONG_PITCH and v.heard} == played.wrong


def test_a_faultless_performance_is_worth_a_hundred() -> None:
    notes = corpus.line("bach/bwv66.6", 0)[:20]
    plan = Plan(seed=8, tempo_bpm=110, timbre="violin")

    judgement = measuring.heard(performing.perform(notes, plan), notes, plan)

    assert (judgement.score_accuracy, judgement.heard_share, judgement.extras) == (100, 1.0, ())
    assert {measure.pitch for measure in judgement.measures} == {measure.rhythm for measure in judgement.measures} == {1.0}


@pytest.mark.nightly
@pytest.mark.parametrize(("octaves", "timbre"), [(-2, "bassoon"), (-1, "piano"), (1, "violin"), (2, "flute")])
def test_high_and_low_instruments_are_heard_as_well(octaves: int, timbre: str) -> None:
    notes = [replace(note, midi=note.midi + 12 * octaves) for note in corpus.line("bach/bwv66.6", 0)]
    plan = Plan(seed=77, tempo_bpm=90, timbre=timbre, wrong=0.1)
    done = performing.perform(notes, plan)

    judgement = measuring.heard(done, notes, plan)

    assert {v.note.index for v in judgement.verdicts if v.outcome is Outcome.WRONG_PITCH} == set(done.wrong)
    assert judgement.extras == ()


@pytest.mark.nightly
@pytest.mark.parametrize("timbre", tuple(TIMBRES))
def test_a_room_with_an_echo_adds_few_notes(timbre: str) -> None:
    """A living room: half a second until it is silent again, the echo 6 dB below the sound."""
    notes = corpus.line("bach/bwv66.6", 0)
    plan = Plan(seed=5, tempo_bpm=90, timbre=timbre, wrong=0.1)
    done = performing.perform(notes, plan)
    done.samples = performing.in_a_room(done.samples, seconds=0.5, below_db=6)

    judgement = measuring.heard(done, notes, plan)

    assert {v.note.index for v in judgement.verdicts if v.outcome is Outcome.WRONG_PITCH} == set(done.wrong)
    assert len(judgement.extras) <= 2


@pytest.mark.nightly
@pytest.mark.parametrize("piece", ["bach/bwv324", "bach/bwv347", "bach/bwv352"])
@pytest.mark.parametrize("part", ["1", "2", "4"])
def test_mistakes_are_found_against_a_score_read_from_musicxml(piece: str, part: str) -> None:
    written = GeneralObjectExporter(library.parse(piece)).parse().decode()
    notes = expected.of(written, part=part).notes
    plan = Plan(seed=12, tempo_bpm=100, timbre="violin", wrong=0.08)
    done = performing.perform(notes, plan)

    judgement = measuring.heard(done, notes, plan)

    assert {v.note.index for v in judgement.verdicts if v.outcome is Outcome.WRONG_PITCH} == set(done.wrong)
    assert all(verdict.note.note_ids for verdict in judgement.verdicts)
