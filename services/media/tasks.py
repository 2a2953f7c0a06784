"""The background work of media: reading tags, deleting bytes, sweeping up after what died on the way, and who leaves."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, literal, select
from sqlalchemy.orm import Session

import shared.work
from services.media import archives, cache, files, forgetting, inspection
from services.media.errors import BytesLost, NoSuchFile, NotAudio, Undecodable
from services.media.inspection import Found
from services.media.models import PLAYABLE, AudioFile, FileCount, Kind, State, StorageUse
from services.media.settings import Settings
from services.media.store import Store
from shared import clock, leaving
from shared import db as database
from shared.events import Events
from shared.leaving import Rows
from shared.logs import log
from shared.queue import Queue

queue = Queue("media")
events = Events(queue)

UNFINISHED = timedelta(minutes=20)  # longer than the gateway lets any upload last
FORGOTTEN = timedelta(minutes=10)  # a job has had all its attempts by then
SWEPT_AT_ONCE = 200


@dataclass(frozen=True)
class Work(shared.work.Work):
    """What media's jobs work with."""

    store: Store
    spool: Path
    cache: Path  # of the web process on this machine


def start() -> Work:
    """The worker's world."""
    settings = Settings.load()
    spool = settings.data_dir / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    return Work.of(settings, store=Store(settings), spool=spool, cache=settings.cache_folder)


@queue.task()
def read_tags(work: Work, *, file_id: str, user_id: str) -> None:
    """Title, artist, album and cover of one file, as it names them itself. Raises StoreUnavailable, and is then repeated."""
    who, which = UUID(user_id), UUID(file_id)
    try:
        _learn(work, which, who)
    except NoSuchFile:
        with database.transaction(work.engine, user_id=who) as db:
            is_there = bool(files.playable(db, [which], user_id=who))
        if not is_there:  # deleted meanwhile: a cover that this attempt or an earlier one stored since goes too
            work.store.delete(work.settings.storage_bucket, _cover_key(which, who))


@queue.task()
def delete_bytes(work: Work, *, file_id: str, user_id: str, objects: list[list[str]]) -> None:
    """Delete the objects of a deleted file, then its row; nothing where new bytes took its place. May be repeated."""
    with database.transaction(work.engine, user_id=UUID(user_id)) as db:
        if not files.is_deleting(db, UUID(file_id), user_id=UUID(user_id)):
            return
    for bucket, key in objects:
        work.store.delete(bucket, key)
    cache.remove(work.cache, [UUID(file_id)])
    with database.transaction(work.engine, user_id=UUID(user_id)) as db:
        files.forget(db, [UUID(file_id)], user_id=UUID(user_id))


@queue.task(every="* * * * *")
def sweep(work: Work) -> None:
    """End what never got its second transaction, and take up what was forgotten on the way to the next state."""
    _sweep_folder(work.spool)
    _sweep_cache(work)
    now = clock.now()
    with database.transaction(work.engine) as db:
        too_old = select(*files.BYTES, AudioFile.updated_at).where(
            AudioFile.state.in_([State.UPLOADING.value, State.PROCESSING.value, State.DELETING.value]),
            AudioFile.updated_at < now - FORGOTTEN,
        )
        found = db.execute(too_old.order_by(AudioFile.updated_at).limit(SWEPT_AT_ONCE)).mappings().all()
        for row in found:
            names: dict[str, Any] = {"file_id": str(row["id"]), "user_id": str(row["user_id"])}
            match State(row["state"]):
                case State.PROCESSING:
                    read_tags.enqueue_with(db, only_once=f"tags {row['id']}", **names)
                case State.DELETING:
                    delete_bytes.enqueue_with(db, only_once=f"bytes {row['id']}", objects=objects_of(row), **names)
                case State.UPLOADING if row["updated_at"] < now - UNFINISHED:
                    _give_up(db, row)


@queue.task()
def delete_objects(work: Work, *, objects: list[list[str]]) -> None:
    """Delete objects that no row names. May be repeated."""
    for bucket, key in objects:
        work.store.delete(bucket, key)


@queue.task(every="23 * * * *")
def sweep_archives(work: Work) -> None:
    """Delete archives whose days are over."""
    bucket = work.settings.storage_bucket
    for each in list(work.store.listed(bucket, f"{archives.FOLDER}/")):
        if archives.is_over(each):
            work.store.delete(bucket, each.key)


@queue.on("session.deleted")
def on_session_deleted(_work: Work, db: Session, facts: dict[str, Any]) -> None:
    """A practice session was deleted: its recording goes too."""
    delete_recording(db, UUID(facts["session_id"]), user_id=UUID(facts["user_id"]))


def end_file(db: Session, file_id: UUID, *, user_id: UUID) -> Any:
    """Delete a file of any kind in this transaction and its bytes after it. Raises NoSuchFile."""
    return _and_its_bytes(db, files.end(db, file_id, user_id=user_id), user_id)


def delete_file(db: Session, file_id: UUID, *, user_id: UUID) -> Any:
    """Delete a file in this transaction and its bytes after it. Raises NoSuchFile, OwnedBySession."""
    return _and_its_bytes(db, files.delete(db, file_id, user_id=user_id), user_id)


def delete_recording(db: Session, session_id: UUID, *, user_id: UUID) -> Any:
    """Delete the recording of a practice session and return its row, or None where there is none; may be repeated."""
    its_file = select(AudioFile.id).where(
        AudioFile.kind == Kind.RECORDING.value,
        AudioFile.source_id == session_id,
        AudioFile.user_id == user_id,
        AudioFile.state != State.DELETING.value,
    )
    file_id = db.scalar(its_file)
    return None if file_id is None else end_file(db, file_id, user_id=user_id)


def objects_of(row: Any) -> list[list[str]]:
    """Bucket and key of everything stored for a file."""
    return [[row["bucket"], key] for key in (row["object_key"], row["cover_key"]) if key]


def forget(work: Work, user_id: UUID) -> None:
    """Delete everything of a user who leaves: rows, objects and copies, uploads on their way and archives too."""
    with database.transaction(work.engine) as db:
        ended = forgetting.end_all(db, user_id=user_id)
    for row in ended:
        for bucket, key in objects_of(row):
            work.store.delete(bucket, key)
    for bucket, prefix in forgetting.prefixes(work.settings, user_id):
        for each in list(work.store.listed(bucket, prefix)):
            work.store.delete(bucket, each.key)
    cache.remove(work.cache, [row["id"] for row in ended])
    with database.transaction(work.engine) as db:
        forgetting.drop_all(db, user_id=user_id)


def export(db: Session, user_id: UUID) -> Iterator[tuple[str, Rows]]:
    """Everything that is a user's, but where the bytes are; those are in the archive under the name that is added here."""
    files_of = leaving.rows_of(db, AudioFile, user_id)
    hidden = {"bucket", "object_key", "cover_key"}
    shown = (
        {name: value for name, value in row.items() if name not in hidden} | {"archived_as": archives.name_of(dict(row))}
        for row in files_of
        if row["state"] in PLAYABLE
    )
    yield "audio_files", shown
    yield "storage_use", leaving.rows_of(db, StorageUse, user_id)
    yield "file_counts", leaving.rows_of(db, FileCount, user_id)


def keep_part(work: Work, path: Path, task_id: UUID, user_id: UUID) -> None:
    """Put media's own part of an archive beside the others'."""
    archives.keep(work.store, work.settings, path, task_id, "media", user_id)


leaving.take_part(queue, events, forget=forget, export=export, keep=keep_part)


def _and_its_bytes(db: Session, row: Any, user_id: UUID) -> Any:
    delete_bytes.enqueue(db, file_id=str(row["id"]), user_id=str(user_id), objects=objects_of(row))
    return row


def _give_up(db: Session, row: Any) -> None:
    """End an upload that died on its way."""
    if row["object_key"]:
        end_file(db, row["id"], user_id=row["user_id"])
    else:
        files.forget(db, [row["id"]], user_id=row["user_id"])


def _learn(work: Work, file_id: UUID, user_id: UUID) -> None:
    with database.transaction(work.engine, user_id=user_id) as db:
        row = files.bytes_of(db, file_id, user_id=user_id)
    try:
        facts = _tags(work, row)
    except (NotAudio, Undecodable, BytesLost) as reason:
        # It decoded when it was uploaded, so it stays playable; only its tags are unknown.
        log(__name__).warning("tags.not_read", file_id=str(file_id), reason=reason.code())
        facts = {"title": Path(row["filename"]).stem[:255] or None, "error": reason.detail()}
    with database.transaction(work.engine, user_id=user_id) as db:
        files.become(db, file_id, State.READY, user_id=user_id, **facts)


def _tags(work: Work, row: files.Row) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=work.spool) as folder:
        copy, cover = Path(folder) / "audio", Path(folder) / "cover.jpg"
        with copy.open("wb") as file:
            work.store.copy_to(file, row["bucket"], row["object_key"], size_bytes=row["file_size"])
        found = inspection.read_tags(copy, cover=cover, filename=row["filename"])
        if found.has_cover:
            _keep_cover(work, row, cover)
    return _facts(found, row["filename"])


def _keep_cover(work: Work, row: files.Row, cover: Path) -> None:
    """Its key is written down before it is stored, so that whoever deletes the file deletes it too."""
    user_id, key = row["user_id"], _cover_key(row["id"], row["user_id"])
    with database.transaction(work.engine, user_id=user_id) as db:
        files.has_cover(db, row["id"], user_id=user_id, cover_key=key)
    with cover.open("rb") as data:
        work.store.put(work.settings.storage_bucket, key, data, size_bytes=cover.stat().st_size, mime_type="image/jpeg")


def _cover_key(file_id: UUID, user_id: UUID) -> str:
    return f"storage/cover/{user_id}/{file_id}.jpg"


def _facts(found: Found, filename: str) -> dict[str, Any]:
    title = found.title or Path(filename).stem[:255] or None
    return {"title": title, "artist": found.artist, "album": found.album, "duration": found.duration}


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
