"""The audit log: what was done to accounts, by whom, from where. No secret and no address of a mail is written there."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from services.auth.models import AuditEvent
from services.auth.pages import Page
from shared import ids, paging
from shared.logs import log

COLUMNS = (
    AuditEvent.id,
    AuditEvent.at,
    AuditEvent.action,
    AuditEvent.user_id,
    AuditEvent.actor_id,
    AuditEvent.ip_address,
    AuditEvent.facts,
)


def note(db: Session, action: str, *, user_id: UUID, actor_id: UUID | None = None, ip_address: str = "", **facts: Any) -> None:
    """Write down that something was done to this user's account, by the user unless `actor_id` says otherwise."""
    db.add(
        AuditEvent(
            id=ids.new(), action=action, user_id=user_id, actor_id=actor_id or user_id, ip_address=ip_address[:64], facts=facts
        )
    )
    db.flush()
    log(__name__).info("audit", action=action, user_id=str(user_id), actor_id=str(actor_id or user_id))


def events(db: Session, wanted: Mapping[str, Any], *, limit: int, cursor: str | None) -> Page:
    """What was done, newest first, where the columns named in `wanted` are as it says; None leaves one open.

    Raises BadCursor.
    """
    these = [getattr(AuditEvent, name) == value for name, value in wanted.items() if value is not None]
    page = select(*COLUMNS).where(*these).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit + 1)
    if cursor:
        page = page.where(tuple_(AuditEvent.at, AuditEvent.id) < tuple_(*paging.position(cursor)))
    rows = [dict(row._mapping) for row in db.execute(page)]
    total = db.scalar(select(func.count(AuditEvent.id)).where(*these)) or 0
    return Page.of(rows, limit=limit, total=total, cursor=lambda row: paging.cursor(row["at"], row["id"]))


def own_events(db: Session, *, user_id: UUID, limit: int, cursor: str | None) -> Page:
    """The same of one user, for themselves: where an administrator did it, their address is theirs. Raises BadCursor."""
    page = events(db, {"user_id": user_id}, limit=limit, cursor=cursor)
    for row in page.rows:
        row["by_you"] = row["actor_id"] in (user_id, None)
        row["ip_address"] = own_address(row, user_id=user_id)
    return page


def own_address(row: Mapping[str, Any], *, user_id: UUID) -> str:
    """The network address of an event as its user may see it: where an administrator did it, none."""
    return str(row["ip_address"]) if row["actor_id"] in (user_id, None) else ""
