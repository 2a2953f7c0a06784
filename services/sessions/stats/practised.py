"""The seconds that somebody practised, by day: what every other number here is made of."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, cast, func, select, true
from sqlalchemy.orm import Session as Database

from services.sessions.calendars.days import View
from services.sessions.models.practice import Session
from services.sessions.practice.listing import Filters
from services.sessions.practice.sessions import saved_by


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose practice, and which part of it: from one day to another (both included), of one piece, on one instrument.

    A day is the one that it was where it was played; with `seen_from`, the one that it was there.
    """

    user_id: UUID
    from_on: date | None = None
    until_on: date | None = None
    song_name: str | None = None
    instrument: str | None = None
    seen_from: View | None = None

    @property
    def day(self) -> ColumnElement[date]:
        """The day of a session."""
        if self.seen_from is None:
            return Session.practised_on.expression
        early = timedelta(hours=self.seen_from.day_start_hour)
        return cast(func.timezone(self.seen_from.zone, Session.date) - early, Date)

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a session must be like."""
        named = Filters(self.song_name, self.instrument, self.from_on, self.until_on)
        return [*saved_by(self.user_id), *named.conditions(self.day)]


@dataclass(frozen=True, slots=True)
class Sum:
    """What was practised in some time."""

    seconds: int = 0
    sessions: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.seconds + other.seconds, self.sessions + other.sessions)


def by_day(db: Database, wanted: Wanted) -> dict[date, Sum]:
    """What was practised on each day that has any sessions. `duration_seconds` counts: seed 001 calls it the length."""
    day = wanted.day.label("day")
    rows: Any = select(day, func.sum(Session.duration_seconds), func.count()).where(*wanted.conditions()).group_by(day)
    return {day: Sum(int(seconds), sessions) for day, seconds, sessions in db.execute(rows)}


def since(db: Database, wanted: Wanted, first: date) -> tuple[int, dict[date, int]]:
    """All the seconds that are `wanted`, and those of each day from `first` on: one statement, so both are of one moment."""
    total = select(func.sum(Session.duration_seconds).label("seconds")).where(*wanted.conditions()).subquery()
    day = wanted.day.label("day")
    recent = select(day, func.sum(Session.duration_seconds).label("seconds")).where(*wanted.conditions(), wanted.day >= first)
    by_day = recent.group_by(day).subquery()
    rows = db.execute(select(total.c.seconds, by_day.c.day, by_day.c.seconds).outerjoin_from(total, by_day, true())).all()
    return int(rows[0][0] or 0), {day: int(seconds) for _, day, seconds in rows if day is not None}
