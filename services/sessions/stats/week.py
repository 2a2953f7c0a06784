"""What a week of practice adds up to, as seed 001's graph shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.sessions.calendars import days, periods

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # seed 001's, whatever the machine's language


@dataclass(frozen=True, slots=True)
class Day:
    """One bar of the graph."""

    day: str
    minutes: int


def weekly_progress(seconds: Mapping[date, int], *, today: date) -> list[Day]:
    """The last seven days, oldest first, each with the whole minutes of its `seconds`. Other days are left out.

    >>> weekly_progress({date(2026, 1, 5): 1200}, today=date(2026, 1, 5))[-1]
    Day(day='Mon', minutes=20)
    """
    return [Day(DAY_NAMES[day.weekday()], periods.minutes(seconds.get(day, 0))) for day in days.week_before(today)]
