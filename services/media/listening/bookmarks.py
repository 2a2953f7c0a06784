"""Bookmarks: where somebody stopped within a long track."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.errors import NoSuchBookmark, NoSuchFile
from services.media.library import files
from services.media.models.listening import Bookmark
from shared import clock


def put(db: Session, file_id: UUID, *, user_id: UUID, position_ms: int, comment: str | None) -> None:
    """Mark a place in a track, in place of the mark before. Raises NoSuchFile."""
    if not files.playable(db, [file_id], user_id=user_id):
        raise NoSuchFile
    said: dict[str, Any] = {"position_ms": position_ms, "comment": comment, "changed_at": clock.now()}
    row = insert(Bookmark).values(user_id=user_id, file_id=file_id, created_at=said["changed_at"], **said)
    db.execute(row.on_conflict_do_update(index_elements=[Bookmark.user_id, Bookmark.file_id], set_=said))


def remove(db: Session, file_id: UUID, *, user_id: UUID) -> None:
    """Remove the mark of a track. Raises NoSuchBookmark."""
    mine = (Bookmark.user_id == user_id, Bookmark.file_id == file_id)
    if db.execute(sql_delete(Bookmark).where(*mine).returning(Bookmark.file_id)).first() is None:
        raise NoSuchBookmark


def newest(db: Session, *, user_id: UUID) -> Sequence[RowMapping]:
    """Every bookmark of somebody, the one they set last first."""
    mine = select(Bookmark.__table__).where(Bookmark.user_id == user_id)
    return db.execute(mine.order_by(Bookmark.changed_at.desc(), Bookmark.file_id)).mappings().all()
