"""The keys that sign, and what was revoked: kept in order."""

from sqlalchemy import delete

from services.auth.models import OneTimeToken, Revocation, UserSession
from services.auth.tasks.queue import queue
from shared import clock
from shared.db import transaction
from shared.work import Work


@queue.task(every="17 * * * *")
def forget_what_expired(work: Work) -> None:
    """Delete sign-ins, revocations and one-time tokens that count no longer."""
    with transaction(work.engine) as db:
        for table in (UserSession, Revocation, OneTimeToken):
            db.execute(delete(table).where(table.expires_at < clock.now()))
