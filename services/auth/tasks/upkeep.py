"""The keys that sign, and what was revoked: kept in order."""

from datetime import timedelta

from sqlalchemy import delete

from services.auth import keys
from services.auth.models import ForeignToken, KnownPlace, OneTimeToken, Revocation, UserSession
from services.auth.tasks.queue import queue
from shared import clock
from shared.db import transaction
from shared.identity import MARKS_KEPT_SECONDS
from shared.logs import log
from shared.work import Work


@queue.task(every="17 * * * *")
def forget_what_expired(work: Work) -> None:
    """Delete sign-ins, revocations and one-time tokens that count no longer, and places that nobody came from for as long as
    a sign-in may last.
    """
    with transaction(work.engine) as db:
        for table in (UserSession, Revocation, OneTimeToken):
            db.execute(delete(table).where(table.expires_at < clock.now()))
        long_ago = clock.now() - timedelta(days=work.settings.sign_in_max_days)
        db.execute(delete(KnownPlace).where(KnownPlace.last_seen_at < long_ago))
        # When such a token was first seen matters for as long as a revocation of its sign-in does.
        forgotten_at = clock.now() - timedelta(seconds=MARKS_KEPT_SECONDS)
        db.execute(delete(ForeignToken).where(ForeignToken.expires_at < forgotten_at))


@queue.task(every="* * * * *")
def move_keys(work: Work) -> None:
    """Take the steps of a rotation whose time has come."""
    with transaction(work.engine) as db:
        done = keys.move(db, work.settings)
    for step in done:
        log(__name__).info("keys.moved", step=step)
