"""Streaks: how many days in a row somebody has practised. Facts in, a number out; computed whenever it is asked for."""

from collections.abc import Iterable
from datetime import date, timedelta

DAY = timedelta(days=1)


def streak(days: Iterable[date], today: date) -> int:
    """Consecutive days practised, ending today or yesterday.

    `days` are local dates in the player's own time zone, in any order, repeats allowed. Yesterday counts, so a streak
    is not lost until a whole day has passed without playing. Days after today count for nothing yet.

    >>> streak([date(2026, 1, 1), date(2026, 1, 2)], today=date(2026, 1, 3))
    2
    >>> streak([date(2026, 1, 1), date(2026, 1, 2)], today=date(2026, 1, 4))
    0
    """
    practised = set(days)
    day = today if today in practised else today - DAY
    length = 0
    while day in practised:
        length += 1
        day -= DAY
    return length
