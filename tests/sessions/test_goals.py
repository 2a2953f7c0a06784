"""Goals, and how near somebody is to them."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.sessions.calendars import periods
from services.sessions.calendars.periods import Per
from services.sessions.goals import progress
from services.sessions.goals.goals import MOST
from services.sessions.goals.progress import Outcome
from shared import clock
from tests.people import Person
from tests.sessions import make

PATH = "/api/goals"
TODAY = date(2026, 3, 11)  # a Wednesday
SOME_ID = str(uuid.uuid4())


def goal(person: Person, **facts: Any) -> dict[str, Any]:
    answer = person.post(PATH, {"period": "weekly", "target_minutes": 60} | facts)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def days_ago(days: int) -> str:
    return str(clock.today("UTC") - timedelta(days=days))


def practised(person: Person, minutes: int, *, days: int = 0, **facts: Any) -> None:
    make.saved(person, duration_seconds=minutes * 60, date=f"{days_ago(days)}T00:00:01Z", **facts)


def test_a_goal_tells_how_near_it_is(alice: Person) -> None:
    everything, of_piece, on_violin = (
        goal(alice, period="daily", target_minutes=40),
        goal(alice, period="daily", target_minutes=10, song_name="MINUET", title="The minuet"),
        goal(alice, period="monthly", target_minutes=600, instrument="violin"),
    )
    practised(alice, 20, song_name="Minuet", instrument="Piano")
    practised(alice, 10, song_name="Gavotte", instrument="Violin")

    found = {each["id"]: each["progress"] for each in alice.get(PATH).json()}

    assert (found[everything["id"]]["minutes"], found[everything["id"]]["percent"]) == (30, 75)
    assert (found[of_piece["id"]]["minutes"], found[of_piece["id"]]["outcome"]) == (20, "met")
    assert found[on_violin["id"]]["minutes"] == 10
    assert found[on_violin["id"]]["period_from"] == str(clock.today("UTC").replace(day=1))
    assert alice.get(f"{PATH}/{of_piece['id']}").json() | {"progress": None} == of_piece | {"progress": None}


def test_history_tells_the_run_of_met_periods(alice: Person) -> None:
    made = goal(alice, period="daily", target_minutes=30, starts_on=days_ago(6))
    for days in (1, 2, 3, 5):
        practised(alice, 30, days=days)

    found = alice.get(f"{PATH}/{made['id']}/progress").json()

    assert [each["outcome"] for each in found["periods"]] == ["open", "met", "met", "met", "missed", "met", "missed"]
    assert found["run"] == 3
    shorter = alice.get(f"{PATH}/{made['id']}/progress?periods=2").json()
    assert (len(shorter["periods"]), shorter["run"]) == (2, 3)


def test_a_paused_goal_is_neither_met_nor_missed_and_archived_ones_are_put_away(alice: Person) -> None:
    made = goal(alice, period="daily", target_minutes=30)
    path = f"{PATH}/{made['id']}"

    paused = alice.http.patch(path, json={"state": "paused"}).json()
    alice.http.patch(path, json={"state": "paused"})
    archived = alice.http.patch(path, json={"state": "archived"}).json()
    listed = [len(alice.get(PATH, params={"state": states}).json()) for states in (["active", "paused"], ["archived"])]
    active = alice.http.patch(path, json={"state": "active"}).json()

    assert paused["progress"]["outcome"] == archived["progress"]["outcome"] == "paused"
    assert listed == [0, 1]
    assert (active["state"], active["progress"]["outcome"], active["progress"]["target_minutes"]) == ("active", "open", 30)


def test_a_change_names_what_changes_and_leaves_the_rest(alice: Person) -> None:
    made = goal(alice, title="Scales", song_name="Scales", ends_on="2099-01-01")
    path = f"{PATH}/{made['id']}"

    changed = alice.http.patch(path, json={"target_minutes": 5, "ends_on": None}).json()
    practised(alice, 5, song_name="Arpeggios")
    other = alice.http.patch(path, json={"song_name": "arpeggios"}).json()

    assert changed | {"progress": 0} == made | {"target_minutes": 5, "ends_on": None, "progress": 0}
    assert other["progress"]["is_met"]
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == alice.delete(path).status_code == 404


def test_the_same_goal_sent_again_with_its_key_is_one(alice: Person) -> None:
    new, headers = {"period": "daily", "target_minutes": 10}, {"Idempotency-Key": "goal-1"}

    first, second = (alice.post(PATH, new, headers=headers) for _ in range(2))

    assert first.json()["id"] == second.json()["id"]
    assert len(alice.get(PATH).json()) == 1


def test_a_hundred_goals_are_enough(alice: Person) -> None:
    for _ in range(MOST):
        goal(alice)

    answer = alice.post(PATH, {"period": "daily", "target_minutes": 1})

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_goals")


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_minutes": 0},
        {"target_minutes": -5},
        {"target_minutes": 1.5},
        {"target_minutes": "10"},
        {"target_minutes": 10**9},
        {"target_minutes": 10**400},
        {"period": "yearly"},
        {"starts_on": 0},
        {"ends_on": "4000000000"},
        {"period": None},
        {"song_name": ""},
        {"song_name": "\x00"},
        {"starts_on": "2026-02-30"},
        {"starts_on": "9999-01-01"},
        {"starts_on": "2026-02-02", "ends_on": "2026-02-01"},
        {"colour": "red"},
        {"state": "paused"},
    ],
)
def test_a_goal_that_cannot_be_is_refused(alice: Person, wrong: dict[str, Any]) -> None:
    answer = alice.post(PATH, {"period": "daily", "target_minutes": 10} | wrong)

    assert answer.status_code == 422, answer.text
    assert isinstance(answer.json()["detail"], str)


def test_a_change_that_cannot_be_is_refused(alice: Person) -> None:
    made = goal(alice)
    for wrong in ({"target_minutes": 0}, {"state": None}, {"state": "gone"}, {"ends_on": "1990-01-01"}, {"user_id": SOME_ID}):
        assert alice.http.patch(f"{PATH}/{made['id']}", json=wrong).status_code == 422, wrong

    for asked in ("periods=0", "periods=367", "periods=x"):
        assert alice.get(f"{PATH}/{made['id']}/progress?{asked}").status_code == 422
    assert alice.get(f"{PATH}/{made['id']}").json() == made


@pytest.mark.parametrize("goal_id", ["x", "1", SOME_ID, "a" * 60])
def test_a_goal_that_is_not_there_is_not_found(alice: Person, goal_id: str) -> None:
    assert alice.get(f"{PATH}/{goal_id}").status_code == 404


def test_a_stranger_cannot_see_change_or_delete_a_goal(alice: Person, bob: Person, nobody: Person) -> None:
    path = f"{PATH}/{goal(alice)['id']}"

    for person, status in ((bob, 404), (nobody, 401)):
        assert person.get(path).status_code == person.get(f"{path}/progress").status_code == status
        assert person.http.patch(path, json={"target_minutes": 1}).status_code == person.delete(path).status_code == status
    assert bob.get(PATH).json() == []


WEEK = {TODAY + timedelta(days=number): 600 for number in range(-2, 5)}  # ten minutes on each of its days
ASKED = [
    # starts, ends, pauses, practised -> minutes that count and are asked for in the week from 9 to 15 March, what became of it
    ("a whole week that is not over", date(2026, 1, 1), None, [], {}, (0, 70), Outcome.OPEN),
    ("a minute's half is not enough", date(2026, 1, 1), None, [], {TODAY: 70 * 60 - 1}, (70, 70), Outcome.OPEN),
    ("just enough", date(2026, 1, 1), None, [], WEEK, (70, 70), Outcome.MET),
    ("set on Friday: three days of it", date(2026, 3, 13), None, [], {}, (0, 30), Outcome.OPEN),
    ("what was played before it was set", date(2026, 3, 13), None, [], {TODAY: 9000}, (0, 30), Outcome.OPEN),
    ("over on Monday", date(2026, 1, 1), date(2026, 3, 9), [], WEEK, (10, 10), Outcome.MET),
    ("played when it was over", date(2026, 1, 1), date(2026, 3, 9), [], {TODAY: 9000}, (0, 10), Outcome.OPEN),
    ("paused for two days", date(2026, 1, 1), None, [(date(2026, 3, 10), TODAY)], WEEK, (50, 50), Outcome.MET),
    ("paused since February", date(2026, 1, 1), None, [(date(2026, 2, 1), None)], WEEK, (0, 0), Outcome.PAUSED),
    ("set in April", date(2026, 4, 1), None, [], WEEK, (0, 0), Outcome.PAUSED),
    ("ended in February", date(2026, 1, 1), date(2026, 2, 1), [(date(2026, 2, 1), None)], {}, (0, 0), Outcome.PAUSED),
]


@pytest.mark.parametrize(("_why", "starts", "ends", "pauses", "practised", "minutes", "outcome"), ASKED)
def test_what_a_week_asks(
    _why: str,
    starts: date,
    ends: date | None,
    pauses: Sequence[Any],
    practised: dict[date, int],
    minutes: tuple[int, int],
    outcome: Outcome,
) -> None:
    row = SimpleNamespace(target_minutes=70, starts_on=starts, ends_on=ends)

    found = progress.one(row, periods.of(TODAY, Per.WEEK), practised, pauses, today=TODAY)

    assert ((found.minutes, found.target_minutes), found.outcome) == (minutes, outcome)


def test_a_week_that_is_over_is_missed() -> None:
    row = SimpleNamespace(target_minutes=70, starts_on=date(2026, 1, 1), ends_on=None)

    found = progress.one(row, periods.of(TODAY, Per.WEEK), {TODAY: 60}, [], today=TODAY + timedelta(days=5))

    assert found.outcome is Outcome.MISSED
