"""Days, weeks and months as runs of days, for goals and for stats. Weeks are those of ISO 8601: they begin on Monday."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.sessions.calendars.days import DAY


class Per(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Some days in a row, both ends included."""

    from_on: date
    until_on: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.until_on - self.from_on).days + 1

    def has(self, day: date) -> bool:
        """Whether a day is one of these."""
        return self.from_on <= day <= self.until_on

    def all_days(self) -> Iterator[date]:
        """Each of them, in order."""
        return (self.from_on + timedelta(days=number) for number in range(self.days))


def of(day: date, per: Per) -> Period:
    """The period that a day lies in.

    >>> of(date(2026, 2, 11), Per.WEEK)
    Period(from_on=datetime.date(2026, 2, 9), until_on=datetime.date(2026, 2, 15))
    >>> of(date(2026, 2, 11), Per.MONTH).until_on.day
    28
    """
    if per is Per.DAY:
        return Period(day, day)
    if per is Per.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=6))
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - DAY)


def between(from_on: date, until_on: date, per: Per) -> Iterator[Period]:
    """Every period that holds any of these days, oldest first.

    >>> [each.from_on.month for each in between(date(2026, 11, 30), date(2027, 1, 1), Per.MONTH)]
    [11, 12, 1]
    """
    period = of(from_on, per)
    while period.from_on <= until_on:
        yield period
        period = of(period.until_on + DAY, per)


def back(until_on: date, per: Per, *, periods: int) -> date:
    """The first of so many periods, of which the one that holds `until_on` is the last.

    >>> back(date(2026, 1, 15), Per.MONTH, periods=3)
    datetime.date(2025, 11, 1)
    """
    period = of(until_on, per)
    for _ in range(periods - 1):
        period = of(period.from_on - DAY, per)
    return period.from_on


def minutes(seconds: int) -> int:
    """Whole minutes, rounded half up: 30 seconds are a minute, 29 are none.

    >>> [minutes(each) for each in (0, 29, 30, 89, 90)]
    [0, 0, 1, 1, 2]
    """
    return (seconds + 30) // 60
