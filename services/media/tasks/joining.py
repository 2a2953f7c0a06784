"""Joining the parts of a resumable upload into one file, and clearing away what is left of uploads that are over."""

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.media.errors import BytesLost, FileEmpty, NoSuchFile, NoSuchUpload, NotAudio, QuotaExceeded, Undecodable
from services.media.library import files
from services.media.models.files import AudioFile, State
from services.media.models.receiving import Progress, Upload, UploadPart
from services.media.processing import inspection
from services.media.processing.inspection import Found
from services.media.receiving import quota, resumable
from services.media.receiving.resumable import Row
from services.media.tasks import deleting, processing
from services.media.tasks.queue import Work, queue
from shared import clock, ids
from shared import db as database
from shared.errors import Problem

FORGOTTEN = timedelta(minutes=10)  # a job has had all its attempts by then
REMEMBERED = timedelta(hours=1)  # an upload that is over, past its expiry: a request of then stores nothing any more
SWEPT_AT_ONCE = 200


def complete(db: Session, upload_id: UUID, *, user_id: UUID) -> UUID | None:
    """Have the parts joined where every byte is here; the id that the file will have, or None."""
    file_id = resumable.completed(db, upload_id, user_id=user_id)
    if file_id:
        join.enqueue(db, upload_id=str(upload_id), user_id=str(user_id))
    return file_id


def folder(upload_id: UUID, *, user_id: UUID) -> str:
    """Under which all objects of an upload are."""
    return f"uploads/{user_id}/{upload_id}/"


@queue.task()
def join(work: Work, *, upload_id: str, user_id: str) -> None:
    """Make one file of the parts of an upload. May be repeated, after any death."""
    which, who = UUID(upload_id), UUID(user_id)
    with database.transaction(work.engine, user_id=who) as db:
        if resumable.is_over(db, which, user_id=who):
            return
        row, parts = resumable.find(db, which, user_id=who), resumable.parts(db, which, user_id=who)
    try:
        _make_file(work, row, parts)
    except (NotAudio, Undecodable, BytesLost, FileEmpty, QuotaExceeded) as reason:
        _reject(work, row, reason)
    except (NoSuchUpload, NoSuchFile):
        _undo(work, which, who)


@queue.task()
def drop_parts(work: Work, *, upload_id: str, user_id: str) -> None:
    """Delete every object of an upload that is over, counted or not; one long past, with its row. May be repeated."""
    which, who = UUID(upload_id), UUID(user_id)
    with database.transaction(work.engine, user_id=who) as db:
        if not resumable.is_over(db, which, user_id=who):
            return
    bucket = work.settings.storage_bucket
    for each in list(work.store.listed(bucket, folder(which, user_id=who))):
        work.store.delete(bucket, each.key)
    with database.transaction(work.engine, user_id=who) as db:
        resumable.forget_parts(db, which, user_id=who)
        past = select(Upload.id).where(Upload.id == which, Upload.user_id == who, Upload.expires_at < clock.now() - REMEMBERED)
        if db.scalar(past):
            resumable.forget(db, which, user_id=who)


@queue.task(every="* * * * *")
def sweep_uploads(work: Work) -> None:
    """End uploads that have rested too long, take up joins that were forgotten, clear away what is over."""
    now = clock.now()
    with database.transaction(work.engine) as db:
        rested = (Upload.progress == Progress.RECEIVING.value) & (Upload.expires_at < now)
        forgotten = (Upload.progress == Progress.JOINING.value) & (Upload.updated_at < now - FORGOTTEN)
        is_over = Upload.progress.in_([Progress.DONE.value, Progress.ENDED.value])
        with_parts = select(UploadPart.number).where(UploadPart.upload_id == Upload.id).exists()
        left = is_over & with_parts & (Upload.updated_at < now - FORGOTTEN)
        past = is_over & (Upload.expires_at < now - REMEMBERED)
        wanted = select(Upload.id, Upload.user_id, Upload.progress).where(rested | forgotten | left | past)
        found = db.execute(wanted.order_by(Upload.expires_at).limit(SWEPT_AT_ONCE)).all()
    for upload_id, user_id, progress in found:
        names: dict[str, Any] = {"upload_id": str(upload_id), "user_id": str(user_id)}
        with database.transaction(work.engine) as db:
            if progress == Progress.JOINING:
                join.enqueue_with(db, only_once=f"join {upload_id}", **names)
                continue
            resumable.expire(db, upload_id, user_id=user_id)
            drop_parts.enqueue_with(db, only_once=f"parts {upload_id}", **names)


def _make_file(work: Work, row: Row, parts: Any) -> None:
    """All parts, one after the other, as one object; then it is a file like any other."""
    if not parts:
        raise FileEmpty(filename=row["filename"])
    with tempfile.TemporaryDirectory(dir=work.spool) as place:
        whole, digest = Path(place) / "whole", hashlib.sha256()
        with whole.open("wb") as file:
            for key, size_bytes in parts:
                piece = work.store.read(work.settings.storage_bucket, key, start=0, length=size_bytes)
                digest.update(piece)
                file.write(piece)
        found = inspection.probe(whole, filename=row["filename"])
        file_id, key = _describe(work, row, found, digest.hexdigest())
        with whole.open("rb") as data:
            bucket, size_bytes = work.settings.storage_bucket, row["length_bytes"]
            work.store.put(bucket, key, data, size_bytes=size_bytes, mime_type=found.mime_type)
    late = deleting.dropping_what_came_late(work.engine, [[bucket, key]], user_id=row["user_id"])
    with late, database.transaction(work.engine, user_id=row["user_id"]) as db:
        resumable.done(db, row["id"], user_id=row["user_id"], file_id=file_id)
        files.become(db, file_id, State.PROCESSING, user_id=row["user_id"])
        processing.read_tags.enqueue(db, file_id=str(file_id), user_id=str(row["user_id"]))
        _drop(db, row)


def _describe(work: Work, row: Row, found: Found, sha256: str) -> tuple[UUID, str]:
    """What the file will be, before its object is written; one that an earlier attempt described is taken up."""
    user_id, file_id = row["user_id"], row["file_id"]
    with database.transaction(work.engine, user_id=user_id) as db:
        upload = resumable.find(db, row["id"], user_id=user_id, for_update=True)
        if upload["progress"] != Progress.JOINING:
            raise NoSuchUpload  # another attempt has made the file
        if not files.still_uploading(db, [file_id], user_id=user_id):
            if not files.unknown(db, [file_id], user_id=user_id):
                file_id = ids.new()  # the sweep gave the other one up, with its object
            if not upload["reserved_bytes"]:
                settings = work.settings
                quota.reserve(db, row["length_bytes"], user_id=user_id, quota_bytes=settings.quota_bytes)
            files.intend(db, file_id, user_id=user_id, reserved_bytes=row["length_bytes"])
        key = f"storage/audio/{user_id}/{file_id}.{found.extension}"
        files.describe(
            db,
            file_id,
            user_id=user_id,
            filename=row["filename"],
            duration=found.duration,
            mime_type=found.mime_type,
            bucket=work.settings.storage_bucket,
            object_key=key,
            sha256=sha256,
            updated_at=clock.now(),
        )
        resumable.carried(db, row["id"], user_id=user_id, file_id=file_id)
    return file_id, key


def _reject(work: Work, row: Row, reason: Problem) -> None:
    """The file is listed with what is wrong with it; its bytes go, and its room is free."""
    user_id, file_id = row["user_id"], row["file_id"]
    with database.transaction(work.engine, user_id=user_id) as db:
        if files.unknown(db, [file_id], user_id=user_id):
            files.intend(db, file_id, user_id=user_id, reserved_bytes=0)
            facts = {"filename": row["filename"], "error": reason.detail()}
            files.become(db, file_id, State.REJECTED, user_id=user_id, **facts)
        elif files.still_uploading(db, [file_id], user_id=user_id):
            deleting.end_file(db, file_id, user_id=user_id)
        resumable.done(db, row["id"], user_id=user_id, file_id=file_id)
        _drop(db, row)


def _undo(work: Work, upload_id: UUID, user_id: UUID) -> None:
    """It ended, or its owner left, while it was joined: what was described goes again."""
    mine = (Upload.id == upload_id, Upload.user_id == user_id)
    with database.transaction(work.engine, user_id=user_id) as db:
        described = select(AudioFile.id).join(Upload, Upload.file_id == AudioFile.id).where(*mine)
        for file_id in db.scalars(described.where(AudioFile.state == State.UPLOADING.value)):
            deleting.end_file(db, file_id, user_id=user_id)


def _drop(db: Session, row: Row) -> None:
    drop_parts.enqueue(db, upload_id=str(row["id"]), user_id=str(row["user_id"]))
