"""When a passage is due again: the intervals of SM-2 (P. A. Wozniak, "Optimization of learning", 1990), for days of practice.

SM-2 knows answers from 0 to 5; a rating from 1 to 5 is taken as one of them, and no rating as 3, the least that passes. A day
is one review, whatever was done on it, and its last rating counts. What SM-2 does not know is that people practise before
they are due: that does them no harm and moves no date, unless it went badly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from math import ceil

from services.sessions.planning.works import Work

EASE = 2.5  # how much longer each interval is than the one before: where it begins ...
LEAST_EASE = 1.3  # ... and what it never falls below
FIRST_DAYS, SECOND_DAYS = 1, 6
MOST_DAYS = 365  # what is never played is no longer known
PASSES = 3  # the least rating that does
UNRATED = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What the reviews of a passage make of it."""

    due_on: date
    interval_days: int
    reviews: int  # that passed in a row, each when it was due
    failed: bool  # whether the last review that counted did not pass


def plan(works: Iterable[Work]) -> Plan:
    """When works on one passage, oldest first and at least one, make it due again.

    >>> def work(day: int, rating: int | None) -> Work:
    ...     return Work("Minuet", "Piano", date(2026, 1, day), 600, None, rating)
    >>> plan([work(1, 4)]).due_on
    datetime.date(2026, 1, 2)
    >>> plan([work(1, 4), work(2, 4)]).interval_days
    6
    >>> plan([work(1, 4), work(2, 4), work(3, 5)]) == plan([work(1, 4), work(2, 4)])
    True
    >>> plan([work(1, 4), work(2, 4), work(8, 4)]).interval_days
    15
    >>> plan([work(1, 4), work(2, 4), work(3, 1)]).due_on
    datetime.date(2026, 1, 4)
    """
    ease, found = EASE, None
    for on, of_day in groupby(sorted(works, key=lambda work: work.on), key=lambda work: work.on):
        rating = [work.rating for work in of_day if work.rating is not None][-1:] or [UNRATED]
        passed = rating[0] >= PASSES
        if found and passed and on < found.due_on:
            continue
        reviews = (found.reviews if found else 0) + 1 if passed else 0
        if passed:
            ease = max(LEAST_EASE, ease + 0.1 - (5 - rating[0]) * (0.08 + (5 - rating[0]) * 0.02))
        days = _interval(reviews, found.interval_days if found else 0, ease)
        found = Plan(on + timedelta(days=days), days, reviews, not passed)
    assert found
    return found


def _interval(reviews: int, before_days: int, ease: float) -> int:
    if reviews <= 1:
        return FIRST_DAYS
    return SECOND_DAYS if reviews == 2 else min(MOST_DAYS, ceil(round(before_days * ease, 6)))
