"""Revocations: written where a sign-in ends, read by every service every two seconds.

The cursor is a transaction id, not a row's: a row that commits late, after a later one was read, is still found (polling by row
id would lose it). Everything older than the oldest transaction still running at one answer is in that answer or before it.
The answer names the signing keys too, so that a change of keys is everywhere as soon.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.auth.models import Revocation, SigningKey
from shared import clock, identity, ids

OLDEST_RUNNING = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def revoke(db: Session, *, user_id: UUID, session_id: UUID | None = None) -> None:
    """Tokens issued until now count no longer: those of one sign-in, or all of the user's."""
    now = clock.now()
    expires_at = now + timedelta(seconds=identity.MARKS_KEPT_SECONDS)
    before, all_before = int(now.timestamp()), newest(db, user_id=user_id)
    if before <= all_before:  # a token refreshed in this second is dated after that mark (see `entry.refresh`)
        before = all_before + 1
    db.add(Revocation(id=ids.new(), user_id=user_id, session_id=session_id, before=before, expires_at=expires_at))
    db.flush()


def newest(db: Session, *, user_id: UUID) -> int:
    """Up to when (unix seconds) all tokens of this user were revoked; 0 where they never were."""
    of_everything = select(func.max(Revocation.before)).where(Revocation.user_id == user_id, Revocation.session_id.is_(None))
    return db.scalar(of_everything) or 0


def since(db: Session, after: str) -> dict[str, Any]:
    """What was revoked since the answer whose `next` was `after`; everything that still matters where that is empty.

    Rows may come twice, never too seldom. A cursor from the future (the database was restored) counts as empty.
    """
    # Asked first: the rows are then read in a later snapshot, in which all that is older has ended.
    oldest_running = db.scalar(OLDEST_RUNNING) or 0
    seen = int(after) if after.isascii() and after.isdigit() and len(after) < 20 else 0
    seen = seen if seen <= oldest_running else 0
    rows = db.execute(
        select(Revocation.session_id, Revocation.user_id, Revocation.before).where(
            Revocation.transaction_id >= seen, Revocation.expires_at > clock.now()
        )
    )
    revoked = [_shape(*row) for row in rows]
    return {"next": str(oldest_running), "revoked": revoked, "key_ids": list(db.scalars(select(SigningKey.kid)))}


def _shape(session_id: UUID | None, user_id: UUID, before: int) -> dict[str, Any]:
    who = {"session_id": str(session_id)} if session_id else {"user_id": str(user_id)}
    return {**who, "before": before}
