"""Single days of rest, planned or told afterwards. Nobody counts them: a streak means what its player says that it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import rules
from services.sessions.errors import DayOutOfReach, RestDayNotFound
from services.sessions.models.calendars import RestDay

EARLIEST = date(1970, 1, 1)  # no session is older
AHEAD = timedelta(days=366)  # whoever plans a year of rest can do it


@dataclass(frozen=True, slots=True)
class Page:
    """Some days of rest as JSON shows them, the last one first; how many there are in all; where the next page starts."""

    documents: list[dict[str, Any]]
    total: int
    next_cursor: str | None


def page(db: Database, *, user_id: UUID, limit: int, before: date | None = None) -> Page:
    """Somebody's days of rest; with `before`, only older ones."""
    mine = select(RestDay.rest_on, RestDay.reason).where(RestDay.user_id == user_id)
    listed = mine.where(RestDay.rest_on < before) if before else mine
    rows: Sequence[Any] = db.execute(listed.order_by(RestDay.rest_on.desc()).limit(limit + 1)).all()
    total = db.scalar(select(func.count()).select_from(mine.subquery())) or 0
    documents = [{"day": day, "reason": reason} for day, reason in rows[:limit]]
    return Page(documents, total, str(documents[-1]["day"]) if len(rows) > limit else None)


def add(db: Database, day: date, *, user_id: UUID, zone: str, reason: str | None) -> dict[str, Any]:
    """Rest on a day; again, for another reason. Raises DayOutOfReach."""
    within_reach(db, day, user_id=user_id, zone=zone)
    facts = {"user_id": user_id, "rest_on": day, "reason": reason}
    db.execute(
        insert(RestDay).values(facts).on_conflict_do_update(index_elements=["user_id", "rest_on"], set_={"reason": reason})
    )
    return {"day": day, "reason": reason}


def take_back(db: Database, day: date, *, user_id: UUID) -> None:
    """Let a day be one of practice again. Raises RestDayNotFound."""
    gone = delete(RestDay).where(RestDay.user_id == user_id, RestDay.rest_on == day).returning(RestDay.rest_on)
    if db.scalar(gone) is None:
        raise RestDayNotFound


def within_reach(db: Database, day: date, *, user_id: UUID, zone: str) -> None:
    """Raises DayOutOfReach for a day that nobody plans or remembers."""
    if not EARLIEST <= day <= rules.today(db, user_id=user_id, zone=zone) + AHEAD:
        raise DayOutOfReach(day=day.isoformat())
