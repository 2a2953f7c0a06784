"""Say something else of a session that is saved: what was named changes, all else stays as somebody else may have made it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import rules
from services.sessions.errors import SessionChanged, SessionNotFound
from services.sessions.models.practice import Session
from services.sessions.practice import pieces, sections
from services.sessions.practice.sessions import VERSION, saved_by


def change(
    db: Database,
    session_id: UUID,
    *,
    user_id: UUID,
    zone: str | None = None,
    versions: Collection[str] | None = None,
    sections_instead: Sequence[dict[str, Any]] | None = None,
    **facts: Any,
) -> None:
    """Change what `facts` name of a session, by column, and its sections where there are some to take their place.

    A session that is moved to another date, or played in another `zone`, counts for another day: the one under the rule then in
    force. Raises SessionNotFound, and SessionChanged where it is in none of the `versions` that are meant.
    """
    is_dated = "date" in facts or bool(zone)
    if is_dated:
        rules.hold(db, user_id=user_id)
    mine = (Session.id == session_id, *saved_by(user_id))
    row = db.execute(select(Session.date, Session.time_zone, VERSION).where(*mine).with_for_update()).one_or_none()
    if row is None:
        raise SessionNotFound
    if versions is not None and row.version not in versions:
        raise SessionChanged
    facts |= pieces.columns(facts)
    if is_dated:
        facts |= dated(db, facts.get("date", row.date), zone or row.time_zone, user_id=user_id)
    if sections_instead is not None:
        sections.replace(db, session_id, sections_instead, user_id=user_id)
        facts["state"] = Session.state  # it says what it said, and its version is another
    if facts:
        db.execute(update(Session).where(*mine).values(**facts))


def dated(db: Database, at: datetime, zone: str, *, user_id: UUID) -> dict[str, Any]:
    """The columns that say when a session was; a date without a zone is one on the player's calendar."""
    date = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
    return {"date": date, "time_zone": zone, "practised_on": rules.day_of(db, date, zone, user_id=user_id)}
