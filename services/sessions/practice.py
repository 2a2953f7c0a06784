"""What a week of practice adds up to, day by day in the player's own time zone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK_DAYS = 7
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # seed 001's, whatever the machine's language


@dataclass(frozen=True, slots=True)
class Practised:
    """One session as the stats see it: when it was, and how long."""

    at: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Day:
    """One bar of the graph."""

    day: str
    minutes: int


def day_of(at: datetime, zone: str) -> date:
    """The date on the player's calendar at that instant.

    >>> day_of(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "Europe/Prague")
    datetime.date(2026, 2, 1)
    """
    return at.astimezone(ZoneInfo(zone)).date()


def week_before(today: date) -> list[date]:
    """The seven days that end today, oldest first.

    >>> [day.day for day in week_before(date(2026, 3, 3))]
    [25, 26, 27, 28, 1, 2, 3]
    """
    return [today - timedelta(days=days) for days in reversed(range(WEEK_DAYS))]


def starts_at(day: date, zone: str) -> datetime:
    """The instant at which a day begins: no session of that day is older. Where clocks skip midnight, it begins right after.

    >>> starts_at(date(2026, 7, 1), "Europe/Prague")
    datetime.datetime(2026, 6, 30, 22, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def minutes(seconds: int) -> int:
    """Whole minutes, rounded half up: 30 seconds are a minute, 29 are none.

    >>> [minutes(each) for each in (0, 29, 30, 89, 90)]
    [0, 0, 1, 1, 2]
    """
    return (seconds + 30) // 60


def weekly_progress(practised: Iterable[Practised], *, today: date, zone: str) -> list[Day]:
    """The last seven local days, oldest first, each with the whole minutes of its summed seconds. Other days are left out.

    >>> weekly_progress([Practised(datetime(2026, 1, 5, 12, tzinfo=UTC), 1200)], today=date(2026, 1, 5), zone="UTC")[-1]
    Day(day='Mon', minutes=20)
    """
    seconds: dict[date, int] = defaultdict(int)
    for each in practised:
        seconds[day_of(each.at, zone)] += each.seconds
    return [Day(DAY_NAMES[day.weekday()], minutes(seconds[day])) for day in week_before(today)]
