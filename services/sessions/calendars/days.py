"""Days on the player's calendar: which one a moment belongs to, when it begins, and whether there was one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK_DAYS = 7
DAY = timedelta(days=1)
MOMENTS = (time(12), time(), time(23, 59, 59))  # noon first: it alone answers for nearly every date


@dataclass(frozen=True, slots=True)
class View:
    """Where all of somebody's days are looked at from: an IANA zone, and the local hour at which they begin."""

    zone: str
    day_start_hour: int = 0


def day_of(at: datetime, zone: str, *, day_start_hour: int = 0) -> date:
    """The player's day at that instant: the local date, where what comes before `day_start_hour` belongs to the day before.

    >>> day_of(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "Europe/Prague")
    datetime.date(2026, 2, 1)
    >>> day_of(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "Europe/Prague", day_start_hour=4)
    datetime.date(2026, 1, 31)
    """
    local = at.astimezone(ZoneInfo(zone))
    return local.date() if local.hour >= day_start_hour else local.date() - DAY


def exists(day: date, zone: str) -> bool:
    """Whether calendars in `zone` had that date. Where a country moved to the other side of the date line, one was left out.

    >>> exists(date(2011, 12, 30), "Pacific/Apia"), exists(date(2011, 12, 30), "Pacific/Auckland")
    (False, True)
    """
    there = ZoneInfo(zone)
    local = (datetime.combine(day, moment, there) for moment in MOMENTS)
    return any(each.astimezone(UTC).astimezone(there).date() == day for each in local)


def set_back(since: datetime, until: datetime, zone: str) -> bool:
    """Whether clocks in `zone` show less at `until` than they would have, had they been left alone.

    >>> set_back(datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC), "Europe/Prague")
    True
    """
    there = ZoneInfo(zone)
    local, later = since.astimezone(there), until.astimezone(there)
    return later.replace(tzinfo=None) - local.replace(tzinfo=None) < until - since


def between(first: date, last: date) -> Iterator[date]:
    """The dates that lie between two days, neither of them included; oldest first, and only as far as they are asked for.

    >>> [each.day for each in between(date(2026, 2, 27), date(2026, 3, 2))]
    [28, 1]
    """
    return (first + timedelta(days=number) for number in range(1, (last - first).days))


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
