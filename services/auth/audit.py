"""The audit log: what was done to accounts, by whom, from where. No secret and no address of a mail is written there."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.auth.models import AuditEvent
from shared import ids
from shared.logs import log


def note(db: Session, action: str, *, user_id: UUID, actor_id: UUID | None = None, ip_address: str = "", **facts: Any) -> None:
    """Write down that something was done to this user's account, by the user unless `actor_id` says otherwise."""
    db.add(
        AuditEvent(
            id=ids.new(), action=action, user_id=user_id, actor_id=actor_id or user_id, ip_address=ip_address[:64], facts=facts
        )
    )
    db.flush()
    log(__name__).info("audit", action=action, user_id=str(user_id), actor_id=str(actor_id or user_id))
