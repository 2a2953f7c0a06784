"""Calendars through the gateway: rules, days of rest, and the streak explained."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.sessions.schemas.calendars import CalendarOut, ExplainedOut
from shared import clock
from tests.people import Person
from tests.sessions import make

CALENDAR, REST, EXPLAIN = "/api/stats/calendar", "/api/stats/rest-days", "/api/stats/explain"
DAY = timedelta(days=1)

WRONG: list[dict[str, Any]] = [
    {"day_start_hour": 13},
    {"day_start_hour": -1},
    {"day_start_hour": "4"},
    {"day_start_hour": True},
    {"day_start_hour": None},
    {"rest_weekdays": [0]},
    {"rest_weekdays": [8]},
    {"rest_weekdays": [1] * 8},
    {"rest_weekdays": "Sunday"},
    {"from_on": 0},
    {"from_on": "2026-02-30"},
    {"from_on": "0"},
    {"from_on": "1969-12-31"},
    {"from_on": "2999-01-01"},
    {"from_on": "2026-01-01T00:00:00Z"},
    {"zone": "UTC"},
]


def put(person: Person, path: str, document: Any = None, **request: Any) -> Any:
    return person.http.put(path, json=document, **request)


def streak(person: Person, **params: str) -> int:
    found: int = person.get("/api/stats", params=params).json()["streak"]
    return found


def played(person: Person, *days_ago: int, hour: int = 12, **changes: Any) -> None:
    """A session at that hour, UTC, of each day; an hour that is still ahead is now."""
    for number in days_ago:
        at = datetime.combine(clock.now().date() - number * DAY, time(hour), UTC)
        make.saved(person, date=min(at, clock.now()).isoformat(), xml_content=None, **changes)


def why(person: Person, **params: Any) -> list[str]:
    return [each["why"] for each in person.get(EXPLAIN, params=params).json()["days"]]


def test_days_of_rest_told_afterwards_mend_a_streak_and_taken_back_end_it_again(alice: Person) -> None:
    played(alice, 1, 2, 5, 6)
    two, three = (str(clock.now().date() - number * DAY) for number in (3, 4))
    before = streak(alice)

    assert put(alice, f"{REST}/{two}", {"reason": "a cold"}).json() == {"day": two, "reason": "a cold"}
    half = streak(alice)
    assert put(alice, f"{REST}/{three}").json() == {"day": three, "reason": None}
    whole = streak(alice)
    listed = alice.get(REST, params={"limit": 1})
    assert alice.delete(f"{REST}/{two}").status_code == 204

    assert (before, half, whole, streak(alice)) == (2, 2, 4, 2)
    assert (listed.json(), listed.headers["X-Total-Count"]) == ([{"day": two, "reason": "a cold"}], "2")
    assert alice.get(listed.headers["Link"].partition(">")[0][1:]).json() == [{"day": three, "reason": None}]
    assert alice.delete(f"{REST}/{two}").json()["code"] == "rest_day_not_found"


def test_the_streak_is_explained_day_by_day(alice: Person) -> None:
    played(alice, 1, 3, 3)
    played(alice, 2, duration_seconds=0)
    put(alice, f"{REST}/{clock.now().date() - 2 * DAY}")
    played(alice, 10, 11, 12)

    found = alice.get(EXPLAIN).json()

    assert ExplainedOut.model_validate(found).model_fields_set == set(found)
    assert (found["streak"], found["zone"], found["today"]) == (2, "UTC", str(clock.now().date()))
    assert [each["why"] for each in found["days"]] == ["today_is_not_over", "practised", "rest_day", "practised", "missed"]
    assert [each["counts"] for each in found["days"]] == [False, True, False, True, False]
    assert [(each["sessions"], each["minutes"]) for each in found["days"][1:4]] == [(1, 10), (1, 0), (2, 20)]
    assert (found["days"][1]["zones"], found["days"][1]["from_hour"]) == (["UTC"], 0)
    assert found["longest"]["days"] == 3
    assert found["longest"]["last_on"] == str(clock.now().date() - 10 * DAY)
    assert "ended the one before it" in found["said"]
    assert "did not practise" in found["days"][-1]["said"]
    older = why(alice, before=found["next_before"])
    assert older == [*["missed"] * 5, *["practised"] * 3]
    assert alice.get(EXPLAIN, params={"before": found["next_before"]}).json()["next_before"] is None


def test_a_new_wish_leaves_the_past_as_it_was_unless_it_is_dated_back(alice: Person) -> None:
    played(alice, 1, 2, 3, hour=2)
    today = clock.now().date()

    now = put(alice, CALENDAR, {"day_start_hour": 4, "rest_weekdays": [(today + 3 * DAY).isoweekday()]})
    kept = streak(alice), why(alice)[-3:]
    back = put(alice, CALENDAR, {"day_start_hour": 4, "rest_weekdays": [], "from_on": str(today - 10 * DAY)})

    assert CalendarOut.model_validate(now.json()).day_start_hour == 4
    assert kept == (3, ["practised"] * 3)
    assert back.json()["rules"] == [{"from_on": str(today - 10 * DAY), "day_start_hour": 4, "rest_weekdays": []}]
    days = alice.get(EXPLAIN, params={"before": str(today - DAY)}).json()["days"]
    assert [each["day"] for each in days if each["counts"]] == [str(today - number * DAY) for number in (2, 3, 4)]
    assert {each["from_hour"] for each in days} == {4}


def test_weekdays_of_rest_dated_back_mend_what_they_would_have_kept(alice: Person) -> None:
    played(alice, 1, 3, 4)
    rested = clock.now().date() - 2 * DAY

    put(alice, CALENDAR, {"day_start_hour": 0, "rest_weekdays": [rested.isoweekday()], "from_on": str(rested)})

    assert streak(alice) == 3
    assert "rest_weekday" in why(alice)


def test_the_day_start_then_in_force_says_what_a_new_session_counts_for(alice: Person) -> None:
    zone = "Europe/Prague"
    today = clock.today(zone)
    put(alice, CALENDAR, {"day_start_hour": 5, "rest_weekdays": [], "from_on": str(today - 9 * DAY)}, params={"tz": zone})

    for number, hour in ((1, 4), (1, 20), (3, 23)):
        at = datetime.combine(today - number * DAY, time(hour), ZoneInfo(zone))
        answer = alice.post(make.PATH, make.body(date=at.isoformat()), params={"tz": zone})
        assert answer.status_code == 201

    known = {each["day"] for each in alice.get(EXPLAIN, params={"tz": zone, "limit": 100}).json()["days"] if each["counts"]}
    assert known == {str(today - number * DAY) for number in (1, 2, 3)}


def test_a_calendar_that_cannot_be_is_refused_and_nothing_changes(alice: Person) -> None:
    answers = [put(alice, CALENDAR, {"day_start_hour": 0, "rest_weekdays": []} | wrong) for wrong in WRONG]

    accepted = [wrong for wrong, answer in zip(WRONG, answers, strict=True) if answer.status_code not in (400, 422)]
    assert accepted == []
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert alice.get(CALENDAR).json()["rules"] == []


def test_a_day_that_cannot_be_is_no_day_of_rest(alice: Person) -> None:
    days = ["yesterday", "0", "1700000000", "2026-2-3", "2026-02-30", "1969-12-31", "9999-12-31", "%00"]

    assert {put(alice, f"{REST}/{day}", {}).status_code for day in days} <= {400, 422}
    assert put(alice, f"{REST}/2026-01-05", {"reason": "x" * 501}).status_code == 422
    assert put(alice, f"{REST}/2026-01-05", {"why": "x"}).status_code == 422
    assert alice.get(REST).json() == []


def test_a_page_of_days_that_cannot_be_is_refused(alice: Person) -> None:
    days = ["x", "0", "2026-13-01", "0001-01-01", "9999-12-31"]
    queries = [*(f"before={day}" for day in days), "limit=0", "limit=101", "tz=Mars/Olympus"]

    assert {alice.get(f"{EXPLAIN}?{query}").status_code for query in queries} <= {400, 422}


def test_who_has_never_practised_is_told_so(alice: Person) -> None:
    found = alice.get(EXPLAIN).json()

    assert (found["streak"], found["longest"], found["next_before"]) == (0, None, None)
    assert [each["why"] for each in found["days"]] == ["today_is_not_over"]
    assert alice.get(EXPLAIN, params={"before": "1971-01-01"}).json()["days"] == []


def test_a_stranger_cannot_see_or_change_a_calendar(alice: Person, bob: Person) -> None:
    put(alice, CALENDAR, {"day_start_hour": 4, "rest_weekdays": [7]})
    put(alice, f"{REST}/2026-01-05", {"reason": "a cold"})
    played(alice, 1, 2)

    seen = bob.get(CALENDAR).json()
    put(bob, CALENDAR, {"day_start_hour": 0, "rest_weekdays": [], "from_on": "2000-01-01"})

    assert (seen["day_start_hour"], seen["rules"], bob.get(REST).json()) == (0, [], [])
    assert bob.delete(f"{REST}/2026-01-05").status_code == 404
    assert (bob.get(EXPLAIN).json()["streak"], bob.get(EXPLAIN).json()["longest"]) == (0, None)
    assert alice.get(CALENDAR).json()["day_start_hour"] == 4
    assert len(alice.get(REST).json()) == 1


def test_nobody_has_no_calendar(nobody: Person) -> None:
    assert {nobody.get(path).status_code for path in (CALENDAR, REST, EXPLAIN)} == {401}
    assert {put(nobody, path, {}).status_code for path in (CALENDAR, f"{REST}/2026-01-05")} == {401}
    assert nobody.delete(f"{REST}/2026-01-05").status_code == 401


def test_a_hundred_at_once_across_midnight_in_three_zones_are_one_day_more(alice: Person) -> None:
    zones = ("Asia/Kathmandu", "America/St_Johns", "UTC")

    def save(number: int) -> int:
        zone = zones[number % 3]
        midnight = datetime.combine(clock.today(zone), time(), ZoneInfo(zone))
        at = midnight + timedelta(seconds=(-1, 0)[number % 2])
        body = make.body(song_name=f"Study {number}", date=at.isoformat(), xml_content=None, analysis=None)
        return alice.post(make.PATH, body, params={"tz": zone}).status_code

    at = datetime.combine(clock.now().date() - 2 * DAY, time(12), UTC)
    make.saved(alice, date=at.isoformat())
    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(save, range(100)))

    days = {each["day"] for each in alice.get(EXPLAIN, params={"limit": 100}).json()["days"] if each["counts"]}
    dates = {clock.today(zone) - number * DAY for zone in zones for number in (0, 1)} | {at.date()}
    assert answers == {201}
    assert {date.fromisoformat(day) for day in days} == dates
    assert streak(alice) == len(dates)


def test_what_is_saved_while_a_rule_is_dated_back_counts_under_the_new_rule(alice: Person) -> None:
    today = clock.now().date()
    at = datetime.combine(today - 3 * DAY, time(2), UTC).isoformat()
    rule = {"day_start_hour": 4, "rest_weekdays": [], "from_on": str(today - 9 * DAY)}

    def act(number: int) -> int:
        if number == 6:
            return int(put(alice, CALENDAR, rule).status_code)
        body = make.body(song_name=f"Study {number}", date=at, xml_content=None, analysis=None)
        return alice.post(make.PATH, body).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(act, range(13)))

    days = alice.get(EXPLAIN, params={"before": str(today - 2 * DAY)}).json()["days"]
    assert sorted(answers) == [200, *[201] * 12]
    assert [(each["day"], each["sessions"]) for each in days if each["counts"]] == [(str(today - 4 * DAY), 12)]
