"""The background work of sessions: events to media, and the sweep of what was never saved."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session as Database

from services.sessions import peers, sessions
from services.sessions.settings import Settings
from shared import db as database
from shared import trust
from shared.events import Events
from shared.logs import log
from shared.queue import Queue

queue = Queue("sessions")
events = Events(queue)


@dataclass(frozen=True)
class Work:
    """What the worker works with."""

    settings: Settings
    engine: Engine
    peers: trust.Peers


def start() -> Work:
    """The worker's world."""
    settings = Settings.load()
    url = settings.service_database_url.get_secret_value()
    engine = database.make_engine(url, pool_size=settings.database_pool_size, application_name="sessions-worker")
    return Work(settings, engine, peers.all_of(settings))


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
