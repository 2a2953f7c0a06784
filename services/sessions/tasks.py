"""The background work of sessions: events to media, the sweep of what was never saved, and who leaves."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy.orm import Session as Database

from services.sessions import sessions
from services.sessions.models import Session
from services.sessions.settings import Settings
from shared import db as database
from shared import leaving
from shared.events import Events
from shared.leaving import Rows
from shared.logs import log
from shared.queue import Queue
from shared.work import Work

queue = Queue("sessions")
events = Events(queue)


def start() -> Work:
    """The worker's world."""
    return Work.of(Settings.load())


def tell_deleted(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Let media delete the recording of a session, once this transaction commits."""
    events.publish(db, "session.deleted", to=("media",), session_id=str(session_id), user_id=str(user_id))


@queue.task(every="*/5 * * * *")
def sweep(work: Work) -> None:
    """End what began to be saved and never was: the request died between its two transactions."""
    with database.transaction(work.engine) as db:
        dropped = sessions.drop_unsaved(db)
        for row in dropped:
            tell_deleted(db, row.id, user_id=row.user_id)
    if dropped:
        log(__name__).warning("sessions.swept", count=len(dropped))


def forget(work: Work, user_id: UUID) -> None:
    """Delete everything of a user who leaves; media, who leaves too, deletes the recordings."""
    with database.transaction(work.engine) as db:
        sessions.drop_all(db, user_id=user_id)


def export(db: Database, user_id: UUID) -> Iterator[tuple[str, Rows]]:
    """Everything that is a user's."""
    yield "sessions", leaving.rows_of(db, Session, user_id)


leaving.take_part(queue, events, forget=forget, export=export)
