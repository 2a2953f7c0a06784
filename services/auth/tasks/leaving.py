"""Deleting an account: every service is told until it has answered that it forgot the user; then auth does, last.

A deletion begins (nobody gets in, every token ends), is told, and is finished by the event that brings the last answer. Each
step is one transaction, so a process killed anywhere leaves a step to be repeated. Half an hour after the end everybody is told
once more: requests that were under way when the tokens ended may have written something after their service had forgotten.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.auth import audit, revocations
from services.auth.mail import sending, writing
from services.auth.mail.writing import Letter
from services.auth.models import AccountDeletionRequest, Acknowledgement, AuditEvent, OneTimeToken, User, UserSession
from services.auth.tasks.queue import events, queue
from shared import clock, services
from shared.db import transaction
from shared.leaving import forget_traces
from shared.queue import FOR_EVER
from shared.work import Work

SAYS_FAREWELL = "letter"  # acknowledges, among the services, that the last letter has left
LETTER_MAY_TAKE = timedelta(hours=1)  # a mail server that is down keeps nobody here for longer
REQUESTS_LAST = timedelta(minutes=30)  # longer than any: after that nothing is written for a user whose tokens have ended


@queue.task(every="* * * * *")
def see_off(work: Work) -> None:
    """Begin every deletion that is due, and tell everybody once more of those that ended a while ago."""
    now = clock.now()
    mine = AccountDeletionRequest
    is_due = (mine.scheduled_for <= now, mine.started_at.is_(None), mine.cancelled_at.is_(None))
    ended = (mine.completed_at < now - REQUESTS_LAST, mine.told_again_at.is_(None))
    with transaction(work.engine) as db:
        for task_id in db.scalars(select(mine.id).where(*is_due)).all():
            leave.enqueue_with(db, only_once=f"leave {task_id}", task_id=str(task_id))
        again = update(mine).where(*ended).values(told_again_at=now).returning(mine.id, mine.user_id)
        for task_id, user_id in db.execute(again).all():
            _tell(db, task_id, user_id, to=others())


@queue.task(every="37 * * * *")
def remind(work: Work) -> None:
    """Tell again whoever has not answered; a service that was added meanwhile is told for the first time."""
    mine = AccountDeletionRequest
    with transaction(work.engine) as db:
        for task_id in db.scalars(select(mine.id).where(mine.started_at.is_not(None), mine.completed_at.is_(None))).all():
            leave.enqueue_with(db, only_once=f"leave {task_id}", task_id=str(task_id))


@queue.task(attempts=FOR_EVER)
def leave(work: Work, *, task_id: str) -> None:
    """Begin a deletion that is due, or go on with one that was begun. May be repeated."""
    with transaction(work.engine) as db:
        request = _unfinished(db, UUID(task_id))
        if request is None or request.scheduled_for > clock.now():
            return
        if request.started_at is None:
            _begin(db, request)
        heard = _heard(db, request.id)
        _tell(db, request.id, request.user_id, to=tuple(name for name in others() if name not in heard))
        _finish_if_all_answered(db, request)


@queue.task(attempts=6)
def say_farewell(work: Work, *, task_id: str) -> None:
    """The last letter, while there is an address to send it to. A mail server that is down is tried for a minute."""
    with transaction(work.engine) as db:
        request = _unfinished(db, UUID(task_id))
        email = db.scalar(select(User.email).where(User.id == request.user_id)) if request else None
    if email:
        letter = Letter("deleted", {"place": work.settings.public_url})
        sending.send(writing.message(letter, sender=work.settings.mail_from, to=email), work.settings)
    with transaction(work.engine) as db:
        _acknowledge(db, UUID(task_id), SAYS_FAREWELL)


@queue.on("user.forgotten")
def on_user_forgotten(_work: Work, db: Session, facts: dict[str, Any]) -> None:
    """A service has forgotten somebody. Once all have, auth does."""
    _acknowledge(db, UUID(facts["task_id"]), str(facts["service"]))


def others() -> tuple[str, ...]:
    """Every service that exists but this one."""
    return tuple(name for name in services.names() if name != "auth")


def _unfinished(db: Session, task_id: UUID) -> AccountDeletionRequest | None:
    """The request, locked, unless it was cancelled or completed."""
    mine = AccountDeletionRequest
    still = (mine.id == task_id, mine.cancelled_at.is_(None), mine.completed_at.is_(None))
    return db.scalar(select(mine).where(*still).with_for_update())


def _begin(db: Session, request: AccountDeletionRequest) -> None:
    """From here on there is no way back: nobody gets in, and what was given out counts no longer."""
    user_id = request.user_id
    request.started_at = clock.now()
    db.execute(update(User).where(User.id == user_id).values(is_active=False))
    db.execute(delete(UserSession).where(UserSession.user_id == user_id))
    db.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id))
    revocations.revoke(db, user_id=user_id)
    say_farewell.enqueue(db, task_id=str(request.id))


def _tell(db: Session, task_id: UUID, user_id: UUID, *, to: tuple[str, ...]) -> None:
    events.publish(db, "user.deleted", to=to, task_id=str(task_id), user_id=str(user_id))


def _heard(db: Session, task_id: UUID) -> set[str]:
    return set(db.scalars(select(Acknowledgement.service).where(Acknowledgement.task_id == task_id)))


def _acknowledge(db: Session, task_id: UUID, service: str) -> None:
    """Answers to what is finished, or was never asked, change nothing."""
    request = _unfinished(db, task_id)
    if request is None:
        return
    db.execute(insert(Acknowledgement).values(task_id=task_id, service=service).on_conflict_do_nothing())
    _finish_if_all_answered(db, request)


def _finish_if_all_answered(db: Session, request: AccountDeletionRequest) -> None:
    heard = _heard(db, request.id)
    waited_long = request.started_at is not None and request.started_at < clock.now() - LETTER_MAY_TAKE
    if heard.issuperset(others()) and (SAYS_FAREWELL in heard or waited_long):
        _finish(db, request)


def _finish(db: Session, request: AccountDeletionRequest) -> None:
    """Forget the user here too. What stays is that somebody with this id was, and left."""
    user_id = request.user_id
    db.execute(delete(User).where(User.id == user_id))
    audit.note(db, "account.deleted", user_id=user_id)
    db.execute(update(AuditEvent).where(AuditEvent.user_id == user_id).values(facts={}, ip_address=""))
    db.execute(update(AuditEvent).where(AuditEvent.actor_id == user_id).values(ip_address=""))
    db.execute(delete(Acknowledgement).where(Acknowledgement.task_id == request.id))
    forget_traces(db, user_id)
    request.completed_at = clock.now()
    db.flush()
