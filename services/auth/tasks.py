"""The worker of auth: it makes the first signing key when it starts, and forgets every hour what has expired."""

from sqlalchemy import delete

from services.auth import keys
from services.auth.models import Revocation, UserSession
from services.auth.settings import Settings
from shared import clock
from shared.db import transaction
from shared.queue import Queue
from shared.sealing import Seals
from shared.work import Work

queue = Queue("auth")


def start() -> Work:
    """The worker's world."""
    begun = Work.of(Settings.load())
    with transaction(begun.engine) as db:
        keys.make_first(db, Seals(begun.settings.sealing_keys))
    return begun


@queue.task(every="17 * * * *")
def forget_what_expired(work: Work) -> None:
    """Delete sign-ins and revocations that count no longer."""
    with transaction(work.engine) as db:
        db.execute(delete(UserSession).where(UserSession.expires_at < clock.now()))
        db.execute(delete(Revocation).where(Revocation.expires_at < clock.now()))
