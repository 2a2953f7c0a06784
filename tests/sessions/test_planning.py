"""What to practise next, and where somebody is stuck."""

import time
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.planning import intervals, stuck, works
from services.sessions.planning.works import Work
from shared import clock
from tests.people import Person
from tests.sessions import make

NEXT, STUCK = "/api/sessions/next-up", "/api/stats/stuck"
REVIEWS = st.lists(st.tuples(st.integers(0, 400), st.one_of(st.none(), st.integers(1, 5))), min_size=1, max_size=40)


def worked(person: Person, days_ago: int, *sections: dict[str, Any], **facts: Any) -> None:
    day = clock.today("UTC") - timedelta(days=days_ago)
    make.saved(person, date=f"{day}T00:00:01Z", sections=list(sections), **facts)


def section(first: int, last: int, **facts: Any) -> dict[str, Any]:
    return {"first_measure": first, "last_measure": last, "seconds": 600} | facts


def test_what_went_badly_is_due_before_what_went_well(alice: Person) -> None:
    worked(alice, 8, section(1, 8, rating=4), section(9, 16, rating=4, tempo_bpm=72))
    worked(alice, 7, section(1, 8, rating=5), section(9, 16, rating=1, tempo_bpm=66))
    worked(alice, 2, section(17, 24, rating=5), song_name="MINUET IN G")
    worked(alice, 1, section(17, 24, rating=5))

    found = alice.get(NEXT).json()

    assert [(each["first_measure"], each["days_overdue"]) for each in found["due"]] == [(9, 6), (1, 1)]
    assert found["due"][0] | {"due_on": 0, "last_practised_on": 0} == {
        "song_name": "Minuet in G",
        "instrument": "Piano",
        "first_measure": 9,
        "last_measure": 16,
        "due_on": 0,
        "days_overdue": 6,
        "interval_days": 1,
        "reviews": 0,
        "last_practised_on": 0,
        "last_rating": 1,
        "last_tempo_bpm": 66,
        "why": "It did not go well the last time, so it is asked again the next day.",
    }
    assert [(each["first_measure"], each["days_overdue"]) for each in found["coming"]] == [(17, -5)]
    assert (found["due_total"], found["said"]) == (2, "2 sections are due.")
    assert alice.get(NEXT, params={"song_name": "gavotte"}).json()["due_total"] == 0
    assert len(alice.get(NEXT, params={"limit": 1}).json()["due"]) == 1


def test_with_nothing_known_nothing_is_claimed(alice: Person) -> None:
    assert alice.get(NEXT).json()["said"].startswith("Nothing is known yet")
    assert alice.get(STUCK).json()["said"].startswith("Nothing is known yet")

    worked(alice, 1, section(1, 8))

    assert "rate them" in alice.get(NEXT).json()["said"]
    [few] = alice.get(STUCK).json()["too_little"]
    assert (few["minutes"], few["said"]) == (10, "10 minutes on 1 day: too little to say.")
    assert alice.get(STUCK).json()["stuck"] == []


def test_the_measures_with_most_minutes_and_least_gain_are_named(alice: Person) -> None:
    for number in range(6):
        worked(
            alice,
            10 - number,
            section(1, 4, tempo_bpm=60 + 5 * number),
            section(5, 8, tempo_bpm=60, rating=2 + number % 2),
            section(7, 8, seconds=900, tempo_bpm=60, rating=2 + number % 2),
        )

    found = alice.get(STUCK).json()

    assert [(each["first_measure"], each["last_measure"], each["minutes"]) for each in found["stuck"]] == [(5, 8, 150)]
    [better] = found["improving"]
    assert (better["first_measure"], better["last_measure"]) == (1, 4)
    assert better["gains"] == {"tempo_bpm": {"from": 62.5, "to": 82.5}}
    assert found["said"].startswith("Most minutes for least gain: Minuet in G, measures")


def test_what_an_analysis_heard_counts_for_its_measures(alice: Person) -> None:
    for number, pitch in enumerate((50, 50, 80)):
        heard = [{"measure": 1, "occurrence": 1, "notes": 4, "pitch": pitch, "rhythm": 100, "skipped": False}]
        left_out = [{"measure": 2, "occurrence": 1, "notes": 4, "pitch": 0, "rhythm": 0, "skipped": True}]
        worked(alice, 5 - number, section(1, 1, rating=3), section(2, 2, rating=3), analysis={"measures": heard + left_out})
    worked(alice, 1, section(2, 2, rating=3), analysis={"measures": ["?", {"measure": "2"}]})  # of somebody's own make

    found = alice.get(STUCK).json()

    [better], [stuck] = found["improving"], found["stuck"]
    assert (better["first_measure"], better["gains"]["accuracy"]) == (1, {"from": 0.75, "to": 0.9})
    assert (stuck["first_measure"], set(stuck["gains"])) == (2, {"rating"})


def test_minutes_are_spread_over_measures_and_none_are_lost(alice: Person) -> None:
    worked(alice, 3, section(1, 10), section(4, 5), section(5, 99_999, seconds=0))
    worked(alice, 2, section(8, 12), section(30, 30, seconds=60))

    runs = alice.get(STUCK).json()["too_little"]

    shown = {(each["first_measure"], each["last_measure"]): each["minutes"] for each in runs}
    assert shown == {(1, 7): 17, (8, 12): 13, (13, 29): 0, (30, 30): 1, (31, 99_999): 0}


@pytest.mark.parametrize("measures", [400, 10_000])
def test_sections_of_any_length_and_number_are_soon_looked_through(measures: int) -> None:
    def work(day: int) -> Work:
        return Work("x", "y", date(2000, 1, 1) + timedelta(days=day), 60, 60.0 + day % 7, None)

    passages = {works.Passage("x", "y", day, day + measures): [work(day)] for day in range(stuck.MOST_WORKS)}

    began = time.process_time()
    runs = stuck._runs(passages, {measure: {date(2026, 1, 1): 0.5} for measure in range(20_000)})

    assert time.process_time() - began < 4  # it was eighteen seconds, and an answer of 500
    assert runs


def test_a_stranger_sees_none_of_it_and_nobody_is_let_in(alice: Person, bob: Person, nobody: Person) -> None:
    worked(alice, 1, section(1, 8, rating=1))

    for path in (NEXT, STUCK):
        assert "Minuet" not in bob.get(path).text
        assert nobody.get(path).status_code == 401
        for wrong in ("limit=0", "limit=101", "limit=x", "song_name=", "song_name=%00", f"instrument={'x' * 300}"):
            assert alice.get(f"{path}?{wrong}").status_code == 422, wrong


@given(REVIEWS)
def test_a_plan_is_after_its_last_review_and_never_longer_than_a_year(reviews: list[tuple[int, int | None]]) -> None:
    works = [
        Work("x", "y", date(2026, 1, 1) + timedelta(days=day), 60, None, rating)
        for day, rating in sorted(reviews, key=lambda of: of[0])
    ]

    plan = intervals.plan(works)

    last = works[-1]
    assert plan.due_on > works[0].on
    assert 1 <= plan.interval_days <= intervals.MOST_DAYS
    if last.rating is not None and last.rating < intervals.PASSES:
        assert plan == intervals.Plan(last.on + timedelta(days=1), 1, 0, True)


@pytest.mark.parametrize(("rating", "days"), [(5, 17), (4, 15), (3, 13), (None, 13)])
def test_the_third_interval_is_sm_2s(rating: int | None, days: int) -> None:
    on, works = date(2026, 1, 1), []
    for _ in range(3):
        works.append(Work("x", "y", on, 60, None, rating))
        on = intervals.plan(works).due_on

    assert intervals.plan(works).interval_days == days
