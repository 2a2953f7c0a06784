"""Archives of everything that is somebody's, as their owner sees them; how one is put together is in `tasks/exporting.py`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.auth import audit
from services.auth.errors import ExportTooSoon, ExportUnderWay
from services.auth.models import AccountExport
from services.auth.tasks.exporting import gather
from shared import clock, ids
from shared.errors import NotFound
from shared.leaving import ARCHIVE_KEPT

BETWEEN = timedelta(days=1)
SHOWN = (AccountExport.id, AccountExport.requested_at, AccountExport.completed_at, AccountExport.expires_at)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that is being put together, or is ready."""

    id: UUID
    requested_at: datetime
    completed_at: datetime | None
    expires_at: datetime


def request(db: Session, *, user_id: UUID) -> Archive:
    """Have an archive made. Raises ExportUnderWay, ExportTooSoon."""
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"export {user_id}", 0))))
    now, before = clock.now(), _newest(db, user_id)
    if before and before.requested_at > now - BETWEEN:
        if before.completed_at is None:
            raise ExportUnderWay
        raise ExportTooSoon(retry_after_seconds=round((before.requested_at + BETWEEN - now).total_seconds()) + 1)
    archive = AccountExport(id=ids.new(), user_id=user_id, requested_at=now, expires_at=now + ARCHIVE_KEPT)
    db.add(archive)
    db.flush()
    audit.note(db, "export.requested", user_id=user_id)
    gather.enqueue(db, task_id=str(archive.id), user_id=str(user_id))
    return Archive(archive.id, now, None, archive.expires_at)


def newest(db: Session, *, user_id: UUID) -> Archive:
    """The archive asked for last, while it is kept. Raises NotFound."""
    found = _newest(db, user_id)
    if found is None or found.expires_at < clock.now():
        raise NotFound
    return found


def _newest(db: Session, user_id: UUID) -> Archive | None:
    mine = select(*SHOWN).where(AccountExport.user_id == user_id).order_by(AccountExport.requested_at.desc()).limit(1)
    row = db.execute(mine).one_or_none()
    return Archive(*row) if row else None
