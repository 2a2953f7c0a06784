"""When a player's days begin, and on which weekdays they rest: each rule from the day on from which it was made."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import days
from services.sessions.models.calendars import PracticeRule


def day_of(db: Database, at: datetime, zone: str, *, user_id: UUID) -> date:
    """The day that a session at that instant counts for, in `zone` and under the rule then in force."""
    civil = days.day_of(at, zone)
    then = select(PracticeRule.day_start_hour).where(PracticeRule.user_id == user_id, PracticeRule.from_on <= civil)
    day_start_hour = db.scalar(then.order_by(PracticeRule.from_on.desc()).limit(1)) or 0
    return days.day_of(at, zone, day_start_hour=day_start_hour)
