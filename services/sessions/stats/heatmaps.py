"""A year as a heat map: every day, and how it compares with the days on which that player practised in that year."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.sessions.calendars import periods

LEVELS = 4


@dataclass(frozen=True, slots=True)
class Square:
    """One day of the map."""

    date: date
    minutes: int
    level: int  # 0 where nothing was practised, else 1 to 4


def squares(seconds: Mapping[date, int]) -> list[Square]:
    """The days in the order in which they come; a level is a quarter of the practised days, the longest of them in the fourth.

    >>> days = {date(2026, 1, number): number * 60 for number in range(9)[1:]} | {date(2026, 1, 9): 0}
    >>> [each.level for each in squares(days)]
    [1, 1, 2, 2, 3, 3, 4, 4, 0]
    """
    ranked = sorted(each for each in seconds.values() if each)

    def level(of: int) -> int:
        return -(-LEVELS * bisect_right(ranked, of) // len(ranked)) if of else 0

    return [Square(day, periods.minutes(of), level(of)) for day, of in seconds.items()]
