"""Sweeping up after what died on the way."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ARRAY, Uuid, and_, any_, literal, or_, select
from sqlalchemy.orm import Session

from services.media.leaving import archives
from services.media.library import files
from services.media.models.files import PLAYABLE, AudioFile, State
from services.media.playing import cache
from services.media.tasks.deleting import delete_bytes, end_file, objects_of
from services.media.tasks.processing import measure, measuring_lock, read_tags
from services.media.tasks.queue import Work, queue
from shared import clock
from shared import db as database

UNFINISHED = timedelta(minutes=20)  # longer than the gateway lets any upload last
FORGOTTEN = timedelta(minutes=10)  # a job has had all its attempts by then
SWEPT_AT_ONCE = 200
UNFINISHED_STATES = (State.UPLOADING.value, State.PROCESSING.value, State.DELETING.value)


@queue.task(every="* * * * *")
def sweep(work: Work) -> None:
    """End what never got its second transaction, and take up what was forgotten on the way to the next state."""
    _sweep_folder(work.spool)
    _sweep_cache(work)
    now = clock.now()
    with database.transaction(work.engine) as db:
        too_old = select(*files.BYTES, AudioFile.updated_at).where(
            or_(
                AudioFile.state.in_(UNFINISHED_STATES),
                and_(AudioFile.state == State.READY.value, AudioFile.measured_at.is_(None)),
            ),
            AudioFile.updated_at < now - FORGOTTEN,
        )
        found = db.execute(too_old.order_by(AudioFile.updated_at).limit(SWEPT_AT_ONCE)).mappings().all()
        for row in found:
            names: dict[str, Any] = {"file_id": str(row["id"]), "user_id": str(row["user_id"])}
            match State(row["state"]):
                case State.PROCESSING:
                    read_tags.enqueue_with(db, only_once=f"tags {row['id']}", **names)
                case State.READY:
                    measure.enqueue_with(db, only_once=f"measure {row['id']}", lock=measuring_lock(row["id"]), **names)
                case State.DELETING:
                    delete_bytes.enqueue_with(db, only_once=f"bytes {row['id']}", objects=objects_of(row), **names)
                case State.UPLOADING if row["updated_at"] < now - UNFINISHED:
                    _give_up(db, row)


@queue.task(every="23 * * * *")
def sweep_archives(work: Work) -> None:
    """Delete archives whose days are over."""
    bucket = work.settings.storage_bucket
    for each in list(work.store.listed(bucket, f"{archives.FOLDER}/")):
        if archives.is_over(each):
            work.store.delete(bucket, each.key)


def _give_up(db: Session, row: Any) -> None:
    """End an upload that died on its way."""
    if row["object_key"]:
        end_file(db, row["id"], user_id=row["user_id"])
    else:
        files.forget(db, [row["id"]], user_id=row["user_id"])


def _sweep_folder(folder: Path) -> None:
    too_old = time.time() - UNFINISHED.total_seconds()
    for each in folder.rglob("*"):
        if each.is_file() and each.stat().st_mtime < too_old:
            each.unlink(missing_ok=True)
    for each in folder.iterdir():
        if each.is_dir() and each.stat().st_mtime < too_old and not any(each.iterdir()):
            each.rmdir()


def _sweep_cache(work: Work) -> None:
    """Remove copies of files that are no more: of a web process that was killed before it could look."""
    copied = cache.copied(work.cache)
    with database.transaction(work.engine) as db:
        playable = AudioFile.state.in_([each.value for each in PLAYABLE])
        still_there = select(AudioFile.id).where(AudioFile.id == any_(literal(list(copied), ARRAY(Uuid()))), playable)
        gone = copied - set(db.scalars(still_there))
    cache.remove(work.cache, gone)
