"""Recordings that are not what the ear hopes for: it says so, or copes, and never guesses."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from services.sessions.analysis import judging, marks
from services.sessions.analysis.notes import Expected, Heard, Judgement, Obstacle, Outcome, Verdict
from tests.sessions.analysis import corpus, performing
from tests.sessions.analysis.performing import Plan, Sound
from tests.stack import ROOT

RATE_HZ = 16_000


def opening() -> tuple[Expected, ...]:
    """Eight notes, enough for most questions."""
    return corpus.line("bach/bwv66.6", 0)[:10]


def judged(
    samples: Sound, *, rate_hz: int = RATE_HZ, notes: tuple[Expected, ...] | None = None, tempo_bpm: float = 120
) -> Judgement:
    return judging.judge(samples, rate_hz, opening() if notes is None else notes, tempo_bpm=tempo_bpm)


def played(**plan: float) -> Sound:
    return performing.perform(opening(), Plan(seed=1, tempo_bpm=120, timbre="flute", **plan)).samples


def noise(seconds: float = 3, *, brown: bool = False) -> Sound:
    white = np.random.default_rng(2).normal(size=int(seconds * RATE_HZ))
    sound = np.cumsum(white) if brown else white
    return (sound / np.abs(sound).max() * 0.5).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "obstacle"),
    [
        pytest.param(np.zeros(0, np.float32), Obstacle.TOO_SHORT, id="nothing"),
        pytest.param(noise(0.05), Obstacle.TOO_SHORT, id="a click"),
        pytest.param(np.zeros(3 * RATE_HZ, np.float32), Obstacle.SILENCE, id="digital silence"),
        pytest.param(np.full(3 * RATE_HZ, 0.3, np.float32), Obstacle.SILENCE, id="a constant offset"),
        pytest.param(noise() * np.float32(1e-4), Obstacle.SILENCE, id="a closed microphone"),
        pytest.param(noise(), Obstacle.TOO_NOISY, id="white noise"),
        pytest.param(noise(brown=True), Obstacle.TOO_NOISY, id="rumble"),
        pytest.param(np.full(RATE_HZ, np.nan, np.float32), Obstacle.SILENCE, id="no numbers"),
    ],
)
def test_what_cannot_be_judged_is_said(samples: Sound, obstacle: Obstacle) -> None:
    judgement = judged(samples)

    assert judgement.obstacle is obstacle
    assert (judgement.verdicts, judgement.score_accuracy, judgement.tempo_bpm) == ((), None, None)


def test_chords_are_said_to_be_no_single_line() -> None:
    lines = [corpus.line("bach/bwv66.6", part)[:12] for part in range(4)]
    sounds = [
        performing.perform(line, Plan(seed=part, tempo_bpm=120, timbre="piano")).samples for part, line in enumerate(lines)
    ]

    assert judged(performing.mixed(*sounds)).obstacle is Obstacle.POLYPHONIC
    assert judged(performing.mixed(*sounds[:2])).obstacle is Obstacle.POLYPHONIC


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_any_rate_will_do(rate_hz: int) -> None:
    assert judged(played(rate_hz=rate_hz), rate_hz=rate_hz).score_accuracy == 100


@pytest.mark.parametrize("cents", [-50, -30, 50])
def test_an_instrument_out_of_tune_is_not_all_wrong(cents: float) -> None:
    judgement = judged(played(detuned_cents=cents))

    assert judgement.score_accuracy == 100
    assert judgement.tuning_cents == pytest.approx(cents, abs=8)


def test_clipped_sound_is_still_heard() -> None:
    assert judged(np.clip(played() * 8, -1, 1)).score_accuracy == 100


def test_a_quiet_recording_is_as_good_as_a_loud_one() -> None:
    assert judged(played() * np.float32(0.02)).score_accuracy == 100


def test_somebody_who_plays_at_another_tempo_is_in_time() -> None:
    judgement = judged(played(), tempo_bpm=80)

    assert judgement.score_accuracy == 100
    assert (judgement.asked_tempo_bpm, judgement.tempo_bpm) == (80, pytest.approx(120, rel=0.04))


def test_somebody_who_starts_further_on_is_judged_from_there() -> None:
    whole = corpus.line("bach/bwv66.6", 0)
    rest = [note for note in whole if note.measure >= 5]
    sound = performing.perform(rest, Plan(seed=3, tempo_bpm=120)).samples

    judgement = judging.judge(sound, RATE_HZ, whole, tempo_bpm=120, starting_measure=5)

    assert (judgement.score_accuracy, judgement.verdicts[0].note.measure) == (100, 5)


def test_somebody_who_stops_early_is_judged_on_what_was_played() -> None:
    whole = corpus.line("bach/bwv66.6", 0)

    judgement = judged(played(), notes=whole)

    assert (judgement.score_accuracy, judgement.reached_measure) == (100, opening()[-1].measure)
    assert judgement.heard_share == pytest.approx(10 / 36)


def test_somebody_who_begins_again_has_missed_nothing() -> None:
    twice = np.concatenate([played()[: int(2.2 * RATE_HZ)], played()])

    judgement = judged(twice)

    assert {verdict.outcome for verdict in judgement.verdicts} == {Outcome.CORRECT}
    assert judgement.notes_played_again


def test_somebody_who_plays_a_page_many_times_is_judged_on_it_once() -> None:
    judgement = judged(np.concatenate([played()] * 6))

    assert judgement.score_accuracy == 100
    assert judgement.notes_played_again == pytest.approx(5 * len(opening()), abs=2)


def test_another_piece_is_called_one() -> None:
    assert judged(played(), notes=corpus.line("bach/bwv269", 3)).obstacle is Obstacle.ANOTHER_PIECE


@pytest.mark.parametrize("timbre", ["flute", "clarinet"])
def test_two_lines_against_a_bass_are_not_called_another_piece(timbre: str) -> None:
    lines = [corpus.line("bach/bwv66.6", part)[:16] for part in range(2)]
    sounds = [
        performing.perform(line, Plan(seed=part, tempo_bpm=120, timbre=timbre)).samples for part, line in enumerate(lines)
    ]

    assert judged(performing.mixed(*sounds), notes=corpus.line("bach/bwv66.6", 3)).obstacle is Obstacle.POLYPHONIC


@pytest.mark.parametrize("semitones", [-12, -9, -2, 3, 12])
def test_somebody_who_plays_in_another_key_is_off_by_one_interval_everywhere(semitones: int) -> None:
    notes = tuple(replace(note, midi=note.midi - semitones) for note in opening())

    judgement = judged(played(detuned_cents=20), notes=notes)

    assert (judgement.obstacle, judgement.transposed_semitones) == (None, semitones)
    assert {verdict.outcome for verdict in judgement.verdicts} == {Outcome.WRONG_PITCH}
    assert judgement.rhythm_accuracy == 1.0


def test_one_wrong_note_in_a_thousand_is_not_a_hundred() -> None:
    verdicts = [Verdict(note, Outcome.CORRECT, beats_late=0.0) for note in opening() * 100]
    figures = {"asked_tempo_bpm": 90, "tempo_bpm": 90, "tuning_cents": 0, "sounding_seconds": 9, "notes_played_again": 0}
    heard = Heard(0.0, 1.0, 60.0, -10.0, 1.0)
    right = [replace(each, heard=heard) for each in verdicts]
    wrong = [replace(right[0], outcome=Outcome.WRONG_PITCH), *right[1:]]

    found = [marks.judgement(each, (), tolerance_beats=0.2, **figures).score_accuracy for each in (right, wrong)]

    assert found == [100, 99]


def test_somebody_who_gets_every_other_note_wrong_is_still_judged() -> None:
    judgement = judged(played(wrong=0.5))

    assert judgement.obstacle is None
    assert judgement.score_accuracy is not None and judgement.score_accuracy < 90


def test_a_score_without_notes_cannot_be_judged() -> None:
    assert judged(played(), notes=()).obstacle is Obstacle.NO_SCORE
    assert judging.judge(played(), RATE_HZ, opening(), tempo_bpm=90, starting_measure=99).obstacle is Obstacle.NO_SCORE


@pytest.mark.parametrize(
    ("samples", "rate_hz", "tempo_bpm"),
    [
        pytest.param(np.zeros((9, 2), np.float32), RATE_HZ, 90, id="two channels"),
        pytest.param(np.zeros(9, np.float32), 0, 90, id="no rate"),
        pytest.param(np.zeros(9, np.float32), RATE_HZ, 0, id="no tempo"),
        pytest.param(np.zeros(9, np.float32), RATE_HZ, float("nan"), id="a tempo that is no number"),
    ],
)
def test_what_is_no_recording_is_refused(samples: Sound, rate_hz: int, tempo_bpm: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        judged(samples, rate_hz=rate_hz, tempo_bpm=tempo_bpm)


LONG = """
import resource, sys, time
import numpy as np
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from services.sessions.analysis import judging, marks
from tests.sessions.analysis import corpus, performing
minutes, rate, notes = (int(each) for each in sys.argv[1:])
line = corpus.line("bach/bwv66.6", 0)
once = performing.perform(line, performing.Plan(seed=1, tempo_bpm=120, rate_hz=rate)).samples
samples = np.resize(once, minutes * 60 * rate)
begun = time.process_time()
judgement = judging.judge(samples, rate, corpus.again_and_again(line, notes), tempo_bpm=120)
peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.process_time() - begun, peak_mib, judgement.obstacle, judgement.heard_share, judgement.score_accuracy)
"""


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("minutes", "rate_hz", "notes"),
    [
        pytest.param(30, 48_000, 36, id="half an hour against a page"),
        pytest.param(30, 16_000, 3_000, id="half an hour, repeated"),
        pytest.param(1, 16_000, 10_000, id="a minute against 10,000 notes"),
        pytest.param(60, 16_000, 10_000, id="an hour against 10,000 notes"),
    ],
)
def test_long_recordings_and_scores_stay_within_a_gibibyte(
    minutes: int, rate_hz: int, notes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [sys.executable, "-c", LONG, str(minutes), str(rate_hz), str(notes)]

    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr[-2_000:]
    seconds, peak_mib, *rest = done.stdout.split()
    with capsys.disabled():
        print(
            f"\n{minutes} min at {rate_hz} Hz, {notes} notes: {float(seconds):.1f} s of CPU, {float(peak_mib):.0f} MiB, {rest}"
        )
    assert float(seconds) < 120
