"""Files in other formats, kept: the rows. One of a file, a format and a bit rate; the least recently used go first."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library import files
from services.media.library.files import Row
from services.media.models.files import Rendition
from shared import clock, ids

TOUCHED = timedelta(minutes=5)  # a use is written down so often at most
IN_USE = timedelta(minutes=15)  # somebody may be listening: it is not removed for room
GIVEN_UP = timedelta(hours=6)  # since it was intended: no job is at it any more


def find(db: Session, file_id: UUID, *, user_id: UUID, format: str, bit_rate_kbps: int) -> Row | None:
    """Where the bytes of a rendition are, or None where there is none; it counts as used."""
    mine = (Rendition.file_id == file_id, Rendition.user_id == user_id)
    form = (Rendition.format == format, Rendition.bit_rate_kbps == bit_rate_kbps, Rendition.ready_at.is_not(None))
    columns = (
        Rendition.id,
        Rendition.bucket,
        Rendition.object_key,
        Rendition.size_bytes,
        Rendition.sha256,
        Rendition.ready_at,
        Rendition.used_at,
    )
    row = db.execute(select(*columns).where(*mine, *form)).mappings().one_or_none()
    if row is not None and row["used_at"] < clock.now() - TOUCHED:
        db.execute(update(Rendition).where(Rendition.id == row["id"], *mine).values(used_at=clock.now()))
    return None if row is None else dict(row)


def intend(db: Session, file: Row, *, format: str, bit_rate_kbps: int, bucket: str, object_key: str) -> None:
    """Write down that it is about to be made; nothing where that is known. `file` is a row of `files.bytes_of`."""
    intended = insert(Rendition).values(
        id=ids.new(),
        user_id=file["user_id"],
        file_id=file["id"],
        format=format,
        bit_rate_kbps=bit_rate_kbps,
        bucket=bucket,
        object_key=object_key,
        size_bytes=0,
    )
    db.execute(intended.on_conflict_do_nothing(index_elements=["file_id", "format", "bit_rate_kbps"]))


def is_there(db: Session, file_id: UUID, *, user_id: UUID, object_key: str, **facts: Any) -> None:
    """Write down that its bytes are there. Raises NoSuchFile where the file was deleted meanwhile."""
    files.bytes_of(db, file_id, user_id=user_id)
    mine = (Rendition.file_id == file_id, Rendition.user_id == user_id, Rendition.object_key == object_key)
    done = update(Rendition).where(*mine).values(ready_at=clock.now(), used_at=clock.now(), **facts)
    if db.execute(done.returning(Rendition.id)).first() is None:
        raise NoSuchFile


def objects_of(db: Session, file_ids: Collection[UUID], *, user_id: UUID) -> list[list[str]]:
    """Bucket and key of every rendition of some files, of those being made too."""
    mine = (Rendition.file_id.in_(file_ids), Rendition.user_id == user_id)
    return [list(row) for row in db.execute(select(Rendition.bucket, Rendition.object_key).where(*mine))]


def forget(db: Session, file_id: UUID, *, user_id: UUID) -> list[list[str]]:
    """Forget every rendition of a file; their buckets and keys."""
    gone = delete(Rendition).where(Rendition.file_id == file_id, Rendition.user_id == user_id)
    return [list(row) for row in db.execute(gone.returning(Rendition.bucket, Rendition.object_key))]


def make_room(db: Session, *, at_most_bytes: int) -> list[list[str]]:
    """Forget what was given up, and the least recently used of everybody's until the rest fits; their buckets and keys."""
    now = clock.now()
    given_up = delete(Rendition).where(Rendition.ready_at.is_(None), Rendition.created_at < now - GIVEN_UP)
    gone = [list(row) for row in db.execute(given_up.returning(Rendition.bucket, Rendition.object_key))]
    newest_first = func.sum(Rendition.size_bytes).over(order_by=(Rendition.used_at.desc(), Rendition.id))
    kept = select(Rendition.id, newest_first.label("bytes_so_far")).where(Rendition.ready_at.is_not(None)).subquery()
    too_much = select(kept.c.id).where(kept.c.bytes_so_far > at_most_bytes)
    dropped = delete(Rendition).where(Rendition.id.in_(too_much), Rendition.used_at < now - IN_USE)
    return gone + [list(row) for row in db.execute(dropped.returning(Rendition.bucket, Rendition.object_key))]
