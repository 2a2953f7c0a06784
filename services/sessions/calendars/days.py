"""Days on the player's calendar: which one a moment belongs to, and when it begins."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK_DAYS = 7


def day_of(at: datetime, zone: str, *, day_start_hour: int = 0) -> date:
    """The player's day at that instant: the local date, where what comes before `day_start_hour` belongs to the day before.

    >>> day_of(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "Europe/Prague")
    datetime.date(2026, 2, 1)
    >>> day_of(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "Europe/Prague", day_start_hour=4)
    datetime.date(2026, 1, 31)
    """
    local = at.astimezone(ZoneInfo(zone))
    return local.date() if local.hour >= day_start_hour else local.date() - timedelta(days=1)


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
