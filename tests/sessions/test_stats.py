"""Stats through the gateway, and their arithmetic over every zone and clock change."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.calendars import days as calendar
from services.sessions.stats import week
from shared import clock
from tests.people import Person
from tests.sessions import make

ZONES = st.sampled_from(sorted(available_timezones()))
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))


def test_what_was_practised_today_shows_today(alice: Person) -> None:
    for seconds in (600, 600, 29):
        make.saved(alice, duration_seconds=seconds, date=None)

    stats = alice.get("/api/stats").json()

    assert [day["minutes"] for day in stats["weekly_progress"]] == [0, 0, 0, 0, 0, 0, 20]
    assert stats["weekly_progress"][-1]["day"] == f"{datetime.now(UTC):%a}"
    assert (stats["streak"], stats["total_minutes"]) == (1, 20)


def test_a_streak_ends_yesterday_or_today_and_decays_by_itself(alice: Person) -> None:
    now = datetime.now(UTC)
    for days_ago in (1, 2, 3, 5):
        make.saved(alice, date=(now - timedelta(days=days_ago)).isoformat())

    assert alice.get("/api/stats").json()["streak"] == 3
    assert make.saved(alice, date=now.isoformat())["streak"] == 4


def test_what_is_older_than_a_week_counts_in_the_total_alone(alice: Person) -> None:
    make.saved(alice, date=(datetime.now(UTC) - timedelta(days=8)).isoformat(), duration_seconds=3600)

    stats = alice.get("/api/stats").json()

    assert sum(day["minutes"] for day in stats["weekly_progress"]) == 0
    assert (stats["streak"], stats["total_minutes"]) == (0, 60)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "UTC"])
def test_days_are_those_of_the_zone_that_was_asked_for(alice: Person, zone: str) -> None:
    at = datetime.now(UTC) - timedelta(hours=20)
    make.saved(alice, date=at.isoformat(), duration_seconds=60)

    shown = alice.get("/api/stats", params={"tz": zone}).json()["weekly_progress"]

    days_ago = (clock.today(zone) - calendar.day_of(at, zone)).days
    assert [day["minutes"] for day in shown][::-1].index(1) == days_ago
    assert shown[-1]["day"] == f"{clock.today(zone):%a}"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "localtime", "", "../etc/passwd", "%00", "x" * 500])
def test_a_zone_that_does_not_exist_is_refused(alice: Person, zone: str) -> None:
    answer = alice.get(f"/api/stats?tz={zone}")

    assert answer.status_code in (400, 422)
    assert "zone" in answer.json()["detail"]


@given(ZONES, INSTANTS, st.integers(0, 86_400))
def test_every_second_of_a_week_lands_on_one_day(zone: str, at: datetime, seconds: int) -> None:
    today = calendar.day_of(at, zone)
    inside = Counter(calendar.day_of(at - timedelta(hours=hours), zone) for hours in range(0, 120, 7))

    shown = week.weekly_progress({day: times * seconds * 60 for day, times in inside.items()}, today=today)

    assert sum(day.minutes for day in shown) == inside.total() * seconds


@given(ZONES, DAYS)
def test_no_session_of_a_day_is_older_than_its_beginning(zone: str, day: date) -> None:
    begins = calendar.starts_at(day, zone)

    assert calendar.day_of(begins, zone) >= day
    assert calendar.day_of(begins - timedelta(seconds=1), zone) < day


def test_eastward_and_westward_travel_changes_the_day_as_the_calendar_does() -> None:
    late = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)

    assert calendar.day_of(late, "America/New_York") == date(2026, 3, 1)
    assert calendar.day_of(late, "Asia/Tokyo") == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Prague", date(2026, 3, 29), 23),  # spring: an hour is skipped
        ("Europe/Prague", date(2026, 10, 25), 25),  # autumn: one comes twice
        ("America/Santiago", date(2026, 9, 6), 23),  # the one that is skipped is midnight's
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),  # half an hour
    ],
)
def test_days_of_clock_changes_are_as_long_as_they_were(zone: str, day: date, hours: float) -> None:
    begins, ends = calendar.starts_at(day, zone), calendar.starts_at(day + timedelta(days=1), zone)

    assert (ends - begins) == timedelta(hours=hours)
