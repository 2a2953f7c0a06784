"""The stats of a player, computed from the sessions whenever they are asked for: nothing is stored, so nothing can be stale."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import streaks
from services.sessions.models.practice import Session, State
from services.sessions.stats import week
from shared import clock


def of(db: Database, *, user_id: UUID, zone: str, seen_from: str | None = None) -> dict[str, Any]:
    """The last seven days, the streak and the minutes of all time. `duration_seconds` counts: seed 001 calls it the length.

    Each session counts on the day that it was where it was played; all of them on the days of `seen_from`, if that is given.
    """
    today, seconds = clock.today(seen_from or zone), _seconds(db, user_id=user_id, seen_from=seen_from)
    return {
        "weekly_progress": [asdict(day) for day in week.weekly_progress(seconds, today=today)],
        "streak": streaks.streak(seconds, today=today),
        "total_minutes": week.minutes(sum(seconds.values())),
    }


def streak(db: Database, *, user_id: UUID, zone: str) -> int:
    """Somebody's streak as of now, on the calendar of `zone`."""
    return streaks.streak(_seconds(db, user_id=user_id), today=clock.today(zone))


def _seconds(db: Database, *, user_id: UUID, seen_from: str | None = None) -> dict[date, int]:
    """The seconds practised on each day."""
    day = cast(func.timezone(seen_from, Session.date), Date) if seen_from else Session.practised_on
    days = select(day, func.sum(Session.duration_seconds)).group_by(day)
    return {day: int(sum_) for day, sum_ in db.execute(days.where(Session.user_id == user_id, Session.state == State.SAVED))}
