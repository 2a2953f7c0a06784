"""Leaving: an account is deleted some days after its owner asks for it, unless they change their mind.

What happens then, in every service, is in `tasks/leaving.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.auth import audit
from services.auth.errors import InvalidCredentials, NotLeaving
from services.auth.models import AccountDeletionRequest
from services.auth.tasks import mail
from services.auth.tasks.leaving import leave
from shared import clock, ids

OPEN = (AccountDeletionRequest.cancelled_at.is_(None), AccountDeletionRequest.completed_at.is_(None))
SHOWN = (
    AccountDeletionRequest.requested_at,
    AccountDeletionRequest.scheduled_for,
    AccountDeletionRequest.cancelled_at,
    AccountDeletionRequest.completed_at,
)


@dataclass(frozen=True, slots=True)
class Deletion:
    """A wish to be deleted, and what became of it."""

    requested_at: datetime
    scheduled_for: datetime
    cancelled_at: datetime | None
    completed_at: datetime | None


def request_deletion(db: Session, *, user_id: UUID, days: int, actor_id: UUID | None = None) -> Deletion:
    """Have an account deleted in so many days, 0 being at once; while one is waiting, that one. May be repeated."""
    now = clock.now()
    task_id, due_at = ids.new(), now + timedelta(days=days)
    wish = insert(AccountDeletionRequest).values(id=task_id, user_id=user_id, requested_at=now, scheduled_for=due_at)
    made = wish.on_conflict_do_nothing(index_elements=["user_id"], index_where=and_(*OPEN)).returning(AccountDeletionRequest.id)
    if db.scalar(made) is not None:
        audit.note(db, "deletion.requested", user_id=user_id, actor_id=actor_id)
        if days:
            mail.send(db, "deletion_requested", user_id=user_id, on=due_at.date().isoformat())
        else:
            leave.enqueue(db, task_id=str(task_id))
    found = pending(db, user_id=user_id)
    if found is None:
        raise NotLeaving
    return found


def cancel_deletion(db: Session, *, user_id: UUID, actor_id: UUID | None = None) -> Deletion:
    """Keep the account after all. Raises NotLeaving, also where it is being deleted already."""
    waiting = (AccountDeletionRequest.user_id == user_id, *OPEN, AccountDeletionRequest.started_at.is_(None))
    cancel = update(AccountDeletionRequest).where(*waiting).values(cancelled_at=clock.now()).returning(*SHOWN)
    row = db.execute(cancel).one_or_none()
    if row is None:
        raise NotLeaving
    audit.note(db, "deletion.cancelled", user_id=user_id, actor_id=actor_id)
    mail.send(db, "deletion_cancelled", user_id=user_id)
    return Deletion(*row)


def pending(db: Session, *, user_id: UUID) -> Deletion | None:
    """The deletion that waits or is under way, if any."""
    row = db.execute(select(*SHOWN).where(AccountDeletionRequest.user_id == user_id, *OPEN)).one_or_none()
    return Deletion(*row) if row else None


def stay(db: Session, *, user_id: UUID) -> None:
    """Whoever signs in wants to stay: cancel what waits. Raises InvalidCredentials where it is too late."""
    try:
        cancel_deletion(db, user_id=user_id)
    except NotLeaving as reason:
        raise InvalidCredentials from reason


def hasten(db: Session, *, user_id: UUID) -> Deletion:
    """Let what waits begin at once. Raises NotLeaving where nothing waits or is under way."""
    now = clock.now()
    waiting = (AccountDeletionRequest.user_id == user_id, *OPEN, AccountDeletionRequest.scheduled_for > now)
    due = update(AccountDeletionRequest).where(*waiting).values(scheduled_for=now).returning(AccountDeletionRequest.id)
    if task_id := db.scalar(due):
        leave.enqueue(db, task_id=str(task_id))
    found = pending(db, user_id=user_id)
    if found is None:
        raise NotLeaving
    return found
