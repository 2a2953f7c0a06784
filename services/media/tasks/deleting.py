"""Deleting files: rows at once, bytes by a job."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile, NoSuchUpload
from services.media.library import catalogue, files, locking, renditions
from services.media.listening import annotations
from services.media.models.files import AudioFile, Kind, State
from services.media.playing import cache
from services.media.playlists import entries
from services.media.processing import pictures
from services.media.tasks import chunks
from services.media.tasks.queue import Work, queue
from shared import db as database

DELETED_AT_ONCE = 200
NAMED_AT_ONCE = 10_000  # a statement takes 65,535 parameters
TWINNED = "audio/webm"  # browsers record it, without a duration
TWIN = ".seeks.webm"


@queue.task()
def delete_bytes(work: Work, *, file_id: str, user_id: str, objects: list[list[str]]) -> None:
    """Delete the objects of a deleted file, then its row; nothing where new bytes took its place. May be repeated."""
    with database.transaction(work.engine, user_id=UUID(user_id)) as db:
        if not files.is_deleting(db, UUID(file_id), user_id=UUID(user_id)):
            return
        objects = objects + renditions.objects_of(db, [UUID(file_id)], user_id=UUID(user_id))
    for bucket, key in objects:
        work.store.delete(bucket, key)
    cache.remove(work.cache, [UUID(file_id)])
    _forget(work, [UUID(file_id)], UUID(user_id))


@queue.task()
def delete_all_bytes(work: Work, *, user_id: str) -> None:
    """Delete the objects and then the rows of everything that a user has deleted. May be repeated."""
    who = UUID(user_id)
    while True:
        with database.transaction(work.engine, user_id=who) as db:
            rows = files.deleting(db, user_id=who, at_most=DELETED_AT_ONCE)
            gone = [row["id"] for row in rows]
            objects = [each for row in rows for each in objects_of(row)] + renditions.objects_of(db, gone, user_id=who)
        for bucket, key in objects:
            work.store.delete(bucket, key)
        cache.remove(work.cache, gone)
        _forget(work, gone, who)
        if len(rows) < DELETED_AT_ONCE:
            return


@queue.task()
def delete_objects(work: Work, *, objects: list[list[str]]) -> None:
    """Delete objects that no row names. May be repeated."""
    for bucket, key in objects:
        work.store.delete(bucket, key)


@queue.task()
def drop_late(work: Work, *, user_id: str, objects: list[list[str]]) -> None:
    """Delete objects that were stored once their row was gone; not those that a row names by now. May be repeated."""
    with database.transaction(work.engine, user_id=UUID(user_id)) as db:
        named = files.named(db, [key for _, key in objects], user_id=UUID(user_id))
    for bucket, key in objects:
        if key not in named:
            work.store.delete(bucket, key)


@contextmanager
def dropping_what_came_late(engine: Engine, objects: list[list[str]], *, user_id: UUID) -> Iterator[None]:
    """Around the transaction that makes stored bytes true: where their row is deleted meanwhile, they go again.

    Without it they stayed: whoever deleted the row had looked for them before they came.
    """
    try:
        yield
    except (NoSuchFile, NoSuchUpload):
        with database.transaction(engine, user_id=user_id) as db:
            drop_late.enqueue(db, user_id=str(user_id), objects=objects)
        raise


@queue.task()
def drop_unkept_cover(work: Work, *, file_id: str, user_id: str, bucket: str, cover_key: str) -> None:
    """Delete a cover that was stored and then not shown, or shown and then replaced. May be repeated."""
    with database.transaction(work.engine, user_id=UUID(user_id)) as db:
        if files.cover_key_of(db, UUID(file_id), user_id=UUID(user_id)) == cover_key:
            return
    for key in pictures.keys(cover_key):
        work.store.delete(bucket, key)


@queue.on("session.deleted")
def on_session_deleted(_work: Work, db: Session, facts: dict[str, Any]) -> None:
    """A practice session was deleted: its recording goes too, and what had come of one."""
    chunks.drop(db, UUID(facts["session_id"]), user_id=UUID(facts["user_id"]))
    delete_recording(db, UUID(facts["session_id"]), user_id=UUID(facts["user_id"]))


def end_file(db: Session, file_id: UUID, *, user_id: UUID) -> Any:
    """Delete a file of any kind in this transaction and its bytes after it. Raises NoSuchFile."""
    locking.lock(db, user_id=user_id)
    return _and_its_bytes(db, files.end(db, file_id, user_id=user_id), user_id)


def delete_file(db: Session, file_id: UUID, *, user_id: UUID) -> Any:
    """Delete a file in this transaction and its bytes after it. Raises NoSuchFile, OwnedBySession."""
    locking.lock(db, user_id=user_id)
    return _and_its_bytes(db, files.delete(db, file_id, user_id=user_id), user_id)


def delete_library(db: Session, *, user_id: UUID) -> list[Any]:
    """Delete everything that a library shows in this transaction, and its bytes after it; the rows."""
    locking.lock(db, user_id=user_id)
    rows = files.end_library(db, user_id=user_id)
    gone = [row["id"] for row in rows]
    catalogue.remove(db, gone, user_id=user_id)
    for start in range(0, len(gone), NAMED_AT_ONCE):
        entries.drop_files(db, gone[start : start + NAMED_AT_ONCE], user_id=user_id)
    delete_all_bytes.enqueue(db, user_id=str(user_id))
    return rows


def delete_recording(db: Session, session_id: UUID, *, user_id: UUID) -> Any:
    """Delete the recording of a practice session and return its row, or None where there is none; may be repeated."""
    return delete_made(db, Kind.RECORDING, session_id, user_id=user_id)


def delete_made(db: Session, kind: Kind, source_id: UUID, *, user_id: UUID) -> Any:
    """The same of whatever another service made and handed over."""
    its_file = select(AudioFile.id).where(
        AudioFile.kind == kind.value,
        AudioFile.source_id == source_id,
        AudioFile.user_id == user_id,
        AudioFile.state != State.DELETING.value,
    )
    file_id = db.scalar(its_file)
    return None if file_id is None else end_file(db, file_id, user_id=user_id)


def objects_of(row: Any) -> list[list[str]]:
    """Bucket and key of everything that is stored for a file, or may be by a job that is at it just now."""
    keys = [row["object_key"]] if row["object_key"] else []
    keys += [twin_key(row)] if keys and row["mime_type"] == TWINNED else []
    keys += pictures.keys(row["cover_key"]) if row["cover_key"] else []
    return [[row["bucket"], key] for key in keys]


def twin_key(row: Any) -> str:
    """Where the twin of a file is that does not seek: beside it."""
    return f"{row['object_key'].rpartition('/')[0]}/{row['id']}{TWIN}"


def _forget(work: Work, file_ids: list[UUID], user_id: UUID) -> None:
    """Remove the rows of files whose bytes are gone, and what any listener made of them."""
    with database.transaction(work.engine) as db:  # as the worker, since whoever was shown a file may have starred it
        files.forget(db, file_ids, user_id=user_id)
        annotations.forget_tracks(db, file_ids)


def _and_its_bytes(db: Session, row: Any, user_id: UUID) -> Any:
    catalogue.remove(db, [row["id"]], user_id=user_id)
    entries.drop_files(db, [row["id"]], user_id=user_id)
    delete_bytes.enqueue(db, file_id=str(row["id"]), user_id=str(user_id), objects=objects_of(row))
    return row
