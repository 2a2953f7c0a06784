"""Sweeping up after what died on the way."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, Uuid, any_, literal, select, true
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.media.leaving import archives
from services.media.library import files, locking
from services.media.models.files import PLAYABLE, AudioFile, State
from services.media.playing import cache
from services.media.tasks.deleting import delete_bytes, end_file, objects_of
from services.media.tasks.processing import measure, measuring_lock, read_tags
from services.media.tasks.queue import Work, queue
from shared import clock, scratch
from shared import db as database
from shared.logs import log

UNFINISHED = timedelta(minutes=20)  # longer than the gateway lets any upload last
FORGOTTEN = timedelta(minutes=10)  # a job has had all its attempts by then
SWEPT_AT_ONCE = 200  # of each state
PATIENCE = {
    State.UPLOADING: UNFINISHED,
    State.PROCESSING: FORGOTTEN,
    State.DELETING: FORGOTTEN,
    State.READY: FORGOTTEN,  # and not measured
}


@queue.task(every="* * * * *")
def sweep(work: Work) -> None:
    """End what never got its second transaction, and take up what was forgotten on the way to the next state."""
    scratch.sweep(work.spool, untouched_for=UNFINISHED)
    _sweep_cache(work)
    for state, age in PATIENCE.items():
        for row in _forgotten(work, state, age):
            try:
                with database.transaction(work.engine) as db:
                    _end_or_take_up(db, row)
            except OperationalError as reason:  # its owner is busy, or the database is away: in a minute, then
                log(__name__).warning("sweep.not_now", file_id=str(row["id"]), reason=repr(reason)[:200])


@queue.task(every="23 * * * *")
def sweep_archives(work: Work) -> None:
    """Delete archives whose days are over."""
    bucket = work.settings.storage_bucket
    for each in list(work.store.listed(bucket, f"{archives.FOLDER}/")):
        if archives.is_over(each):
            work.store.delete(bucket, each.key)


def _forgotten(work: Work, state: State, age: timedelta) -> Sequence[Any]:
    """Files that have been in a state for too long, those first whose turn was longest ago."""
    is_unfinished = AudioFile.measured_at.is_(None) if state == State.READY else true()
    too_old = (AudioFile.state == state.value, is_unfinished, AudioFile.updated_at < clock.now() - age)
    with database.transaction(work.engine) as db:
        wanted = select(*files.BYTES).where(*too_old).order_by(AudioFile.updated_at).limit(SWEPT_AT_ONCE)
        return db.execute(wanted).mappings().all()


def _end_or_take_up(db: Session, row: Any) -> None:
    """One file, in a transaction of its own: nobody's lock is held while another's is waited for."""
    locking.lock(db, user_id=row["user_id"])
    if not files.takes_its_turn(db, row["id"], State(row["state"]), user_id=row["user_id"]):
        return  # it has gone on meanwhile
    names: dict[str, Any] = {"file_id": str(row["id"]), "user_id": str(row["user_id"])}
    match State(row["state"]):
        case State.PROCESSING:
            read_tags.enqueue_with(db, only_once=f"tags {row['id']}", **names)
        case State.READY:
            measure.enqueue_with(db, only_once=f"measure {row['id']}", lock=measuring_lock(row["id"]), **names)
        case State.DELETING:
            delete_bytes.enqueue_with(db, only_once=f"bytes {row['id']}", objects=objects_of(row), **names)
        case State.UPLOADING if row["object_key"]:
            end_file(db, row["id"], user_id=row["user_id"])
        case State.UPLOADING:
            files.forget(db, [row["id"]], user_id=row["user_id"])


def _sweep_cache(work: Work) -> None:
    """Remove copies of files that are no more: of a web process that was killed before it could look."""
    copied = cache.copied(work.cache)
    with database.transaction(work.engine) as db:
        playable = AudioFile.state.in_([each.value for each in PLAYABLE])
        still_there = select(AudioFile.id).where(AudioFile.id == any_(literal(list(copied), ARRAY(Uuid()))), playable)
        gone = copied - set(db.scalars(still_there))
    cache.remove(work.cache, gone)
