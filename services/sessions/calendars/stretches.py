"""The facts that streaks are made of, read from the sessions: days in a row, and who played where around a date.

A session of no length counts for no day. Everything is read from the covering index of days alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session as Database

from services.sessions.calendars.days import DAY
from services.sessions.calendars.excuses import Played
from services.sessions.models.practice import Session
from services.sessions.practice.sessions import saved_by

AT_FIRST = 64  # ends of stretches: a streak is seldom made of more, and whoever has more is asked for all of them

# Postgres walks the index backwards and stops as soon as it has found enough ends, so Python sees the few days at which
# something happens and never the thousands between them. A day of several sessions stands beside itself, which is no end.
ENDS = text(
    """
    SELECT day, day - earlier > 1 IS NOT FALSE AS is_first, later - day > 1 IS NOT FALSE AS is_last
    FROM (
        SELECT practised_on AS day,
               lead(practised_on) OVER newest_first AS earlier,
               lag(practised_on) OVER newest_first AS later
        FROM sessions
        WHERE user_id = :user_id AND state = 'saved' AND duration_seconds > 0 AND practised_on <= :until
        WINDOW newest_first AS (ORDER BY practised_on DESC)
    ) AS practised
    WHERE day - earlier > 1 IS NOT FALSE OR later - day > 1 IS NOT FALSE
    ORDER BY day DESC
    LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row, each of them practised, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1


def newest_first(db: Database, *, user_id: UUID, until: date) -> Iterator[Stretch]:
    """Every stretch of somebody's days up to `until`; read as far as they are asked for."""
    ends = _ends(db, user_id=user_id, until=until, most=AT_FIRST)
    found = list(_paired(ends))
    yield from found
    if len(ends) == AT_FIRST:
        yield from _paired(_ends(db, user_id=user_id, until=found[-1].first - DAY, most=None))


def around(db: Database, first: date, last: date, *, user_id: UUID) -> list[Played]:
    """Who played where on the days from `first` to `last`: of each day and zone, the earliest and the latest session."""
    where = (Session.practised_on >= first, Session.practised_on <= last, *_counting(user_id))
    found = select(Session.practised_on, Session.time_zone, func.min(Session.date), func.max(Session.date))
    rows = db.execute(found.where(*where).group_by(Session.practised_on, Session.time_zone))
    return [Played(on, at, zone) for on, zone, earliest, latest in rows for at in {earliest, latest}]


def _counting(user_id: UUID) -> tuple[Any, ...]:
    return *saved_by(user_id), Session.duration_seconds > 0


def _ends(db: Database, *, user_id: UUID, until: date, most: int | None) -> Sequence[Any]:
    return db.execute(ENDS, {"user_id": user_id, "until": until, "most": most}).all()


def _paired(ends: Iterable[Any]) -> Iterator[Stretch]:
    """The stretches between ends, newest first; the last of them is left out where its first day was not read."""
    last = date.max
    for day, is_first, is_last in ends:
        last = day if is_last else last
        if is_first:
            yield Stretch(day, last)
