"""The stats of a player, computed from the sessions whenever they are asked for: nothing is stored, so nothing can be stale."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as Database

from services.sessions.calendars import days, periods, rules, streaks
from services.sessions.calendars.days import View
from services.sessions.stats import practised, week
from services.sessions.stats.practised import Wanted


def of(db: Database, *, user_id: UUID, zone: str, seen_from: View | None = None) -> dict[str, Any]:
    """The last seven days, the streak and the minutes of all time.

    Each session counts on the day that it was where it was played; all of them on the days of `seen_from`, if that is given.
    The streak always is one of days as they were lived: where one looks from ends none.
    """
    today = rules.today(db, user_id=user_id, zone=zone)
    total, recent = practised.since(db, Wanted(user_id, seen_from=seen_from), days.week_before(today)[0])
    return {
        "weekly_progress": [asdict(day) for day in week.weekly_progress(recent, today=today)],
        "streak": streaks.current(db, user_id=user_id, today=today, zone=zone),
        "total_minutes": periods.minutes(total),
    }


def streak(db: Database, *, user_id: UUID, zone: str) -> int:
    """Somebody's streak as of now, on the calendar of `zone`."""
    return streaks.current(db, user_id=user_id, today=rules.today(db, user_id=user_id, zone=zone), zone=zone)
