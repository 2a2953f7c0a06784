"""Chunks of recordings: their rows, and clearing away what nobody joins any more."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.library import locking
from services.media.models.receiving import RecordingChunk
from services.media.receiving import quota
from services.media.tasks.queue import Work, queue
from shared import clock
from shared import db as database

REST = timedelta(days=2)  # that a recording may wait to be joined; sessions takes care of it within minutes
SWEPT_AT_ONCE = 200
AnyRow = Any


def folder(session_id: UUID, *, user_id: UUID) -> str:
    """Under which the chunks of a recording are; who leaves takes it along, as everything under `uploads`."""
    return f"uploads/{user_id}/{session_id}/"


def of(db: Session, session_id: UUID, *, user_id: UUID) -> Sequence[AnyRow]:
    """Number, object_key, size_bytes and sha256 of each, in the order in which they were played."""
    its = select(RecordingChunk.number, RecordingChunk.object_key, RecordingChunk.size_bytes, RecordingChunk.sha256)
    mine = its.where(RecordingChunk.session_id == session_id, RecordingChunk.user_id == user_id)
    return db.execute(mine.order_by(RecordingChunk.number)).all()


def keep(db: Session, session_id: UUID, number: int, *, user_id: UUID, object_key: str, size_bytes: int, sha256: str) -> None:
    """Write one down, in place of the one that had this number before."""
    named: dict[str, Any] = {"session_id": session_id, "number": number, "user_id": user_id}
    facts = {"object_key": object_key, "size_bytes": size_bytes, "sha256": sha256, "stored_at": clock.now()}
    kept = insert(RecordingChunk).values(**named, **facts)
    db.execute(kept.on_conflict_do_update(index_elements=["session_id", "number"], set_=facts))


def drop(db: Session, session_id: UUID, *, user_id: UUID) -> None:
    """Forget the chunks of a recording, joined or not, and give their room back; a job deletes the objects.

    May be repeated. The job comes without rows too: a chunk whose request was killed is an object that no row ever named.
    """
    locking.lock(db, user_id=user_id)
    mine = (RecordingChunk.session_id == session_id, RecordingChunk.user_id == user_id)
    sizes = db.scalars(delete(RecordingChunk).where(*mine).returning(RecordingChunk.size_bytes)).all()
    if sizes:
        quota.release(db, sum(sizes), user_id=user_id)
    drop_chunks.enqueue(db, session_id=str(session_id), user_id=str(user_id))


@queue.task()
def drop_chunks(work: Work, *, session_id: str, user_id: str) -> None:
    """Delete every chunk of a recording that no row names, also those whose request was killed. May be repeated."""
    which, who, bucket = UUID(session_id), UUID(user_id), work.settings.storage_bucket
    there = list(work.store.listed(bucket, folder(which, user_id=who)))
    with database.transaction(work.engine, user_id=who) as db:
        named = {each.object_key for each in of(db, which, user_id=who)}
    for each in there:
        if each.key not in named:
            work.store.delete(bucket, each.key)


@queue.task(every="17 * * * *")
def sweep_chunks(work: Work) -> None:
    """Throw away recordings that nobody joins: their session is long gone."""
    last = func.max(RecordingChunk.stored_at) < clock.now() - REST
    resting = select(RecordingChunk.session_id, RecordingChunk.user_id).group_by(
        RecordingChunk.session_id, RecordingChunk.user_id
    )
    with database.transaction(work.engine) as db:
        found = db.execute(resting.having(last).limit(SWEPT_AT_ONCE)).all()
    for session_id, user_id in found:
        with database.transaction(work.engine) as db:
            drop(db, session_id, user_id=user_id)
