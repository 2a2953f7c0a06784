"""The worker of auth: it makes the first signing key when it starts, and forgets every hour what has expired."""

from dataclasses import dataclass

from sqlalchemy import Engine, delete

from services.auth import keys
from services.auth.models import Revocation, UserSession
from services.auth.settings import Settings
from shared import clock
from shared.db import make_engine, transaction
from shared.queue import Queue
from shared.sealing import Seals

queue = Queue("auth")


@dataclass(frozen=True)
class Work:
    """What jobs need of the world."""

    settings: Settings
    engine: Engine


def start() -> Work:
    """The worker's world."""
    settings = Settings.load()
    url = settings.service_database_url.get_secret_value()
    engine = make_engine(url, pool_size=settings.database_pool_size, application_name="auth-worker")
    with transaction(engine) as db:
        keys.make_first(db, Seals(settings.sealing_keys))
    return Work(settings, engine)


@queue.task(every="17 * * * *")
def forget_what_expired(work: Work) -> None:
    """Delete sign-ins and revocations that count no longer."""
    with transaction(work.engine) as db:
        db.execute(delete(UserSession).where(UserSession.expires_at < clock.now()))
        db.execute(delete(Revocation).where(Revocation.expires_at < clock.now()))
