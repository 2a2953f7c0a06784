"""Resumable uploads: the rows. Bytes count once they are an object and a part's row; whoever sends them holds the upload.

A newer request takes an upload over: whoever sends the next bytes has given up the request before, which may hang for as long
as a lost connection takes to be noticed. What the earlier one then stores counts no more, and lies under a name of its own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from services.media.errors import (
    BadTusHeader,
    LengthExceeded,
    NoSuchUpload,
    OffsetMismatch,
    UploadDone,
    UploadTakenOver,
    UploadTooLarge,
)
from services.media.library import locking
from services.media.models.receiving import Progress, Upload, UploadPart
from services.media.receiving import quota
from services.media.settings import Settings
from shared import clock, ids

Row = dict[str, Any]

SHOWN = (
    Upload.id,
    Upload.user_id,
    Upload.filename,
    Upload.progress,
    Upload.length_bytes,
    Upload.received_bytes,
    Upload.reserved_bytes,
    Upload.metadata_header,
    Upload.file_id,
    Upload.created_at,
    Upload.expires_at,
)


def begin(db: Session, settings: Settings, *, user_id: UUID, length_bytes: int | None, metadata: str, filename: str) -> Row:
    """A new upload, with room reserved for all of it. Raises UploadTooLarge, QuotaExceeded."""
    _check_length(settings, length_bytes)
    at_most, quota_bytes = settings.max_file_bytes, settings.quota_bytes
    reserved = length_bytes
    if reserved is None:
        reserved = quota.room(db, at_most=at_most, user_id=user_id, quota_bytes=quota_bytes)
    quota.reserve(db, reserved, user_id=user_id, quota_bytes=quota_bytes)
    upload_id, now = ids.new(), clock.now()
    db.execute(
        insert(Upload).values(
            id=upload_id,
            user_id=user_id,
            length_bytes=length_bytes,
            reserved_bytes=reserved,
            metadata_header=metadata or None,
            filename=filename,
            progress=Progress.RECEIVING.value,
            created_at=now,
            updated_at=now,
            expires_at=_expiry(settings),
        )
    )
    return find(db, upload_id, user_id=user_id)


def find(db: Session, upload_id: UUID, *, user_id: UUID, for_update: bool = False) -> Row:
    """How far an upload has come. Raises NoSuchUpload, also for one that has ended or expired.

    Whoever is about to change it waits for whatever else changes what is counted of its owner.
    """
    if for_update:
        locking.lock(db, user_id=user_id)
    mine = select(*SHOWN).where(*_mine(upload_id, user_id), Upload.progress != Progress.ENDED.value)
    row = db.execute(mine.with_for_update() if for_update else mine).mappings().first()
    if row is None or (row["progress"] == Progress.RECEIVING and row["expires_at"] < clock.now()):
        raise NoSuchUpload
    return dict(row)


def hold(
    db: Session, settings: Settings, upload_id: UUID, *, user_id: UUID, holder: UUID, offset: int, length_bytes: int | None
) -> Row:
    """Let `holder` send the bytes from `offset` on, and nobody else; the upload, with the number of its next part.

    Raises NoSuchUpload, OffsetMismatch; and where a length is told that does not fit, BadTusHeader, UploadTooLarge,
    LengthExceeded, QuotaExceeded. Nothing changes then.
    """
    row = find(db, upload_id, user_id=user_id, for_update=True)
    if offset != row["received_bytes"]:
        raise OffsetMismatch(upload_offset=row["received_bytes"])
    values: Row = {"holder": holder}
    if length_bytes is not None and length_bytes != row["length_bytes"]:
        values |= _told_length(db, settings, row, length_bytes)
    db.execute(update(Upload).where(*_mine(upload_id, user_id)).values(values))
    numbered = select(func.coalesce(func.max(UploadPart.number) + 1, 0)).where(*_parts(upload_id, user_id))
    return row | values | {"next_number": db.scalar(numbered) or 0}


def keep_part(
    db: Session, settings: Settings, upload_id: UUID, *, user_id: UUID, holder: UUID, number: int, key: str, size_bytes: int
) -> Row:
    """A part is stored: its bytes count from now on. Raises UploadTakenOver where they do not, since somebody else holds it."""
    change = update(Upload).where(
        *_mine(upload_id, user_id), Upload.holder == holder, Upload.progress == Progress.RECEIVING.value
    )
    values = {
        "received_bytes": Upload.received_bytes + size_bytes,
        "updated_at": clock.now(),
        "expires_at": _expiry(settings),
    }
    row = db.execute(change.values(values).returning(*SHOWN)).mappings().first()
    if row is None:
        raise UploadTakenOver
    part = {"upload_id": upload_id, "number": number, "user_id": user_id, "object_key": key, "size_bytes": size_bytes}
    db.execute(insert(UploadPart).values(part))
    return dict(row)


def completed(db: Session, upload_id: UUID, *, user_id: UUID) -> UUID | None:
    """Go on to joining where every byte is here; the id of the file that will come of it, or None. Once an upload."""
    change = update(Upload).where(
        *_mine(upload_id, user_id),
        Upload.progress == Progress.RECEIVING.value,
        Upload.received_bytes == Upload.length_bytes,
    )
    values = {"progress": Progress.JOINING.value, "file_id": ids.new(), "holder": None, "updated_at": clock.now()}
    return db.scalar(change.values(values).returning(Upload.file_id))


def parts(db: Session, upload_id: UUID, *, user_id: UUID) -> Sequence[Any]:
    """The parts of an upload in order: object_key and size_bytes."""
    ordered = (
        select(UploadPart.object_key, UploadPart.size_bytes).where(*_parts(upload_id, user_id)).order_by(UploadPart.number)
    )
    return db.execute(ordered).all()


def done(db: Session, upload_id: UUID, *, user_id: UUID, file_id: UUID) -> None:
    """The file is there, or refused; what was still reserved is given back. Raises NoSuchUpload where it ended meanwhile."""
    row = find(db, upload_id, user_id=user_id, for_update=True)
    if row["progress"] != Progress.JOINING:
        raise NoSuchUpload
    _finish(db, row, Progress.DONE, file_id=file_id)


def end(db: Session, upload_id: UUID, *, user_id: UUID) -> None:
    """Give an upload up: it is no more, and its room is free. Raises NoSuchUpload, UploadDone."""
    row = find(db, upload_id, user_id=user_id, for_update=True)
    if row["progress"] == Progress.DONE:
        raise UploadDone(file_id=row["file_id"])
    _finish(db, row, Progress.ENDED, expires_at=clock.now())


def expire(db: Session, upload_id: UUID, *, user_id: UUID) -> None:
    """End an upload that has rested too long, and no other."""
    locking.lock(db, user_id=user_id)
    rested = (Upload.progress == Progress.RECEIVING.value, Upload.expires_at < clock.now())
    row = db.execute(select(*SHOWN).where(*_mine(upload_id, user_id), *rested).with_for_update()).mappings().first()
    if row:
        _finish(db, dict(row), Progress.ENDED)


def carried(db: Session, upload_id: UUID, *, user_id: UUID, file_id: UUID) -> None:
    """From now on the row of the file counts for the quota, and the upload no more."""
    values = {"reserved_bytes": 0, "file_id": file_id, "updated_at": clock.now()}
    db.execute(update(Upload).where(*_mine(upload_id, user_id)).values(values))


def forget_parts(db: Session, upload_id: UUID, *, user_id: UUID) -> None:
    """The objects of an upload that is over are gone."""
    db.execute(delete(UploadPart).where(*_parts(upload_id, user_id)))


def forget(db: Session, upload_id: UUID, *, user_id: UUID) -> None:
    """Remove an upload that is over."""
    is_over = Upload.progress.in_([Progress.DONE.value, Progress.ENDED.value])
    db.execute(delete(Upload).where(*_mine(upload_id, user_id), is_over))


def is_over(db: Session, upload_id: UUID, *, user_id: UUID) -> bool:
    """Whether nothing can come of its parts any more: it ended, it is done, or there is no such upload."""
    going_on = Upload.progress.in_([Progress.RECEIVING.value, Progress.JOINING.value])
    return db.scalar(select(Upload.id).where(*_mine(upload_id, user_id), going_on)) is None


def _told_length(db: Session, settings: Settings, row: Row, length_bytes: int) -> Row:
    """A length that was deferred until now; what is reserved becomes it."""
    if row["length_bytes"] is not None:
        raise BadTusHeader(header="Upload-Length")
    _check_length(settings, length_bytes)
    if length_bytes < row["received_bytes"]:
        raise LengthExceeded(upload_length=length_bytes)
    quota.reserve(db, length_bytes - row["reserved_bytes"], user_id=row["user_id"], quota_bytes=settings.quota_bytes)
    return {"length_bytes": length_bytes, "reserved_bytes": length_bytes}


def _check_length(settings: Settings, length_bytes: int | None) -> None:
    if length_bytes is not None and length_bytes > settings.max_file_bytes:
        raise UploadTooLarge(at_most_bytes=settings.max_file_bytes)


def _finish(db: Session, row: Row, progress: Progress, **facts: Any) -> None:
    values = {"progress": progress.value, "reserved_bytes": 0, "holder": None, "updated_at": clock.now(), **facts}
    db.execute(update(Upload).where(*_mine(row["id"], row["user_id"])).values(values))
    quota.release(db, row["reserved_bytes"], user_id=row["user_id"])


def _expiry(settings: Settings) -> datetime:
    return clock.now() + timedelta(hours=settings.upload_hours)


def _mine(upload_id: UUID, user_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (Upload.id == upload_id, Upload.user_id == user_id)


def _parts(upload_id: UUID, user_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (UploadPart.upload_id == upload_id, UploadPart.user_id == user_id)
