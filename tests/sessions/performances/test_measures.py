"""Measures are called as they are printed, by the ear, by the coach and by whoever plans what to practise."""

from datetime import timedelta

import numpy as np
import pytest

from services.sessions.analysis import judging
from services.sessions.scores import expected
from shared import clock
from tests.people import Person
from tests.sessions.analysis import performing
from tests.sessions.analysis.performing import Plan
from tests.sessions.performances import tunes
from tests.sessions.performances.test_analyses import ended, performance, practised
from tests.sessions.scores import music

WITH_UPBEAT = music.CHORALE  # its upbeat is measure 0
DAYS = 3


def recorded(score: str, plan: Plan, *, first: int = 0, last: int = 9) -> tuple[bytes, set[int]]:
    """Somebody playing these measures of the first part; and which of them, as printed, they got a note wrong in."""
    notes = [note for note in expected.of(score).notes if first <= note.measure <= last]
    done = performing.perform(notes, plan)
    return tunes.wav(np.asarray(done.samples)), {note.measure for note in notes if note.index in done.wrong}


@pytest.mark.nightly
def test_a_chorale_with_an_upbeat_is_told_of_by_the_numbers_in_it(alice: Person) -> None:
    score = music.text(WITH_UPBEAT)
    sound, wrong = recorded(score, Plan(seed=3, tempo_bpm=120, wrong=0.15), last=3)
    section = {"first_measure": 0, "last_measure": 3, "seconds": 1800, "rating": 2}
    addresses = []
    for days in range(DAYS):
        on = clock.today("UTC") - timedelta(days=days)
        facts = {"song_name": "Chorale", "xml_content": score, "sections": [section], "date": f"{on}T00:00:01Z"}
        addresses.append(practised(alice, sound, **facts))
        assert alice.post(addresses[-1], {"tempo_bpm": 120}).status_code == 202
    found, *_ = [ended(alice, address)["result"] for address in addresses]

    assert [each["measure"] for each in found["measures"]] == [0, 1, 2, 3]
    assert {each["measure"] for each in found["wrong_notes"]} == wrong
    assert f"measure {min(wrong)}, beat" in found["coach-feedback"].casefold()
    assert "not numbered" not in found["coach-feedback"]
    assert (found["reached_measure"], found["skipped_measures"]) == (3, [])
    runs = [each for name in ("stuck", "improving") for each in alice.get("/api/stats/stuck").json()[name]]
    shares = {
        n: each["gains"]["accuracy"]["to"] for each in runs for n in range(each["first_measure"], each["last_measure"] + 1)
    }
    assert {measure for measure, share in shares.items() if share < 1} == wrong
    assert shares.keys() == {0, 1, 2, 3}


@pytest.mark.parametrize(("asked", "first", "judged"), [(1, 0, [0, 1, 2]), (1, 1, [1, 2]), (0, 1, [0, 1, 2]), (2, 2, [2])])
def test_who_begins_at_the_beginning_may_leave_out_the_upbeat(asked: int, first: int, judged: list[int]) -> None:
    notes = expected.of(music.text(WITH_UPBEAT)).notes
    some = [note for note in notes if first <= note.measure <= 2]
    sound = performing.perform(some, Plan(seed=4, tempo_bpm=120)).samples

    found = judging.judge(sound, tunes.RATE_HZ, notes, tempo_bpm=120, starting_measure=asked)

    assert [each.measure for each in found.measures] == judged
    assert found.skipped_measures == tuple(set(judged) - {note.measure for note in some})
    assert (found.score_accuracy == 100) == (not found.skipped_measures)


def test_measures_without_rising_numbers_are_counted_and_that_is_said(alice: Person) -> None:
    score = tunes.score().replace('number="2"', 'number="1a"')

    found = alice.post("/api/analyze", performance(tunes.played(tunes.with_wrong(13, "F4")), Target_XML=score)).json()

    assert [each["measure"] for each in found["wrong_notes"]] == [4]
    assert "not numbered one after the other" in found["coach-feedback"]


def test_who_plays_in_another_key_is_told_that_and_not_each_note(alice: Person) -> None:
    down = [tunes.name(tunes.midi(note) - 2) for note in tunes.NOTES]

    found = alice.post("/api/analyze", performance(tunes.played(down))).json()

    assert (found["judged"], found["transposed_semitones"], found["pitch_accuracy"]) == (True, -2, 0)
    for words in (found["performance_summary"], found["coach-feedback"]):
        assert "everything a major second lower than written: is this a part for a transposing instrument?" in words
    assert "instead of" not in found["coach-feedback"]


def test_every_measure_of_a_score_by_time_has_its_number() -> None:
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
    measures = "".join(f'<measure number="{n}"><part id="P1">{note}</part></measure>' for n in (0, 1, 2))
    parts = '<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>'

    found = expected.of(f"<score-timewise>{parts}{measures}</score-timewise>")

    assert ([note.measure for note in found.notes], found.is_numbered) == ([0, 1, 2], True)
