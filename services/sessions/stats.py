"""The stats of a player, computed from the sessions whenever they are asked for: nothing is stored, so nothing can be stale."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as Database

from services.sessions import practice, sessions
from shared import clock


def of(db: Database, *, user_id: UUID, zone: str) -> dict[str, Any]:
    """The last seven days, the streak and the minutes of all time, on the calendar of `zone`."""
    today = clock.today(zone)
    since = practice.starts_at(practice.week_before(today)[0], zone)
    practised = sessions.practised_since(db, since, user_id=user_id)
    week = practice.weekly_progress(practised, today=today, zone=zone)
    return {
        "weekly_progress": [asdict(day) for day in week],
        "streak": sessions.streak(db, user_id=user_id, zone=zone),
        "total_minutes": practice.minutes(sessions.total_seconds(db, user_id=user_id)),
    }
