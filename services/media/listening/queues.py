"""Play queues: what somebody was about to play, and where they were in it, so that another of their players goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library import files
from services.media.models.listening import PlayQueue
from shared import clock


@dataclass(frozen=True, slots=True)
class Queue:
    """`current_index` is a place in `file_ids`, None where nothing was playing."""

    file_ids: list[UUID]
    current_index: int | None
    position_ms: int
    changed_at: datetime
    changed_by: str


def save(
    db: Session, file_ids: Sequence[UUID], *, user_id: UUID, current_index: int | None, position_ms: int, client: str
) -> None:
    """Keep this queue in place of the one before; no files, no queue.

    Files that are gone are left out, as they are when they go later. Raises NoSuchFile where none of them is there.
    """
    if not file_ids:
        db.execute(delete(PlayQueue).where(PlayQueue.user_id == user_id))
        return
    kept, index = _without_gone(db, file_ids, current_index, user_id=user_id)
    if not kept:
        raise NoSuchFile
    said = {
        "file_ids": kept,
        "current_index": index,
        "position_ms": position_ms,
        "changed_at": clock.now(),
        "changed_by": client,
    }
    row = insert(PlayQueue).values(user_id=user_id, **said)
    db.execute(row.on_conflict_do_update(index_elements=[PlayQueue.user_id], set_=said))


def show(db: Session, *, user_id: UUID) -> Queue | None:
    """The queue as it was left, without what was deleted since."""
    row = db.execute(select(PlayQueue.__table__).where(PlayQueue.user_id == user_id)).one_or_none()
    if row is None:
        return None
    kept, index = _without_gone(db, row.file_ids, row.current_index, user_id=user_id)
    return Queue(kept, index, row.position_ms, row.changed_at, row.changed_by)


def _without_gone(
    db: Session, file_ids: Sequence[UUID], current_index: int | None, *, user_id: UUID
) -> tuple[list[UUID], int | None]:
    """Those that are still there, and where the current one is among them; the one after it, where it is gone itself."""
    there = set(files.playable(db, list(set(file_ids)), user_id=user_id))
    kept = [file_id for file_id in file_ids if file_id in there]
    if current_index is None or not kept:
        return kept, None
    before = sum(file_id in there for file_id in file_ids[:current_index])
    return kept, min(before, len(kept) - 1)
