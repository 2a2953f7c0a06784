"""Ending what began to be saved and never was; and telling media which recordings have no session any more."""

from uuid import UUID

from sqlalchemy.orm import Session as Database

from services.sessions.practice import sessions
from services.sessions.tasks.queue import Work, events, queue
from shared import db as database
from shared import scratch
from shared.logs import log


def tell_deleted(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Let media delete the recording of a session, once this transaction commits."""
    events.publish(db, "session.deleted", to=("media",), session_id=str(session_id), user_id=str(user_id))


@queue.task(every="*/5 * * * *")
def sweep_folder(work: Work) -> None:
    """Delete recordings and scores that were being looked at, and archives, of a process that was killed meanwhile."""
    scratch.sweep(work.settings.data_dir, untouched_for=sessions.UNSAVED_FOR)


@queue.task(every="*/5 * * * *")
def sweep(work: Work) -> None:
    """End what began to be saved and never was: the request died between its two transactions."""
    with database.transaction(work.engine) as db:
        dropped = sessions.drop_unsaved(db)
        for row in dropped:
            tell_deleted(db, row.id, user_id=row.user_id)
    if dropped:
        log(__name__).warning("sessions.swept", count=len(dropped))
