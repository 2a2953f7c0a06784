"""The stats of a player, computed from the sessions whenever they are asked for: nothing is stored, so nothing can be stale."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import rules, streaks
from services.sessions.models.practice import Session, State
from services.sessions.stats import week


def of(db: Database, *, user_id: UUID, zone: str, seen_from: str | None = None) -> dict[str, Any]:
    """The last seven days, the streak and the minutes of all time. `duration_seconds` counts: seed 001 calls it the length.

    Each session counts on the day that it was where it was played; all of them on the days of `seen_from`, if that is given.
    The streak always is one of days as they were lived: where one looks from ends none.
    """
    today, seconds = rules.today(db, user_id=user_id, zone=zone), _seconds(db, user_id=user_id, seen_from=seen_from)
    return {
        "weekly_progress": [asdict(day) for day in week.weekly_progress(seconds, today=today)],
        "streak": streaks.current(db, user_id=user_id, today=today, zone=zone),
        "total_minutes": week.minutes(sum(seconds.values())),
    }


def streak(db: Database, *, user_id: UUID, zone: str) -> int:
    """Somebody's streak as of now, on the calendar of `zone`."""
    return streaks.current(db, user_id=user_id, today=rules.today(db, user_id=user_id, zone=zone), zone=zone)


def _seconds(db: Database, *, user_id: UUID, seen_from: str | None = None) -> dict[date, int]:
    """The seconds practised on each day."""
    day = cast(func.timezone(seen_from, Session.date), Date) if seen_from else Session.practised_on
    days = select(day, func.sum(Session.duration_seconds)).group_by(day)
    return {day: int(sum_) for day, sum_ in db.execute(days.where(Session.user_id == user_id, Session.state == State.SAVED))}
