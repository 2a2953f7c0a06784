"""What a new file is made to tell: first whether all of it is what it seemed, with its tags and cover; later how loud it is."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.media.errors import BytesLost, NoSuchFile, NotAudio, Undecodable
from services.media.library import catalogue, files, locking, waveforms
from services.media.models.files import State
from services.media.processing import inspection, pictures, sizes
from services.media.processing.inspection import Found
from services.media.tasks import deleting
from services.media.tasks.queue import Work, queue
from shared import db as database
from shared.children import ChildFailed, TookTooLong
from shared.logs import log

MEASURED_AT_ONCE = 2  # of everybody's files: nobody waits for it, and what somebody waits for shall have room
HASHED_BYTES = 1024 * 1024


@queue.task()
def read_tags(work: Work, *, file_id: str, user_id: str) -> None:
    """Look at a whole file: it becomes ready with all it tells of itself, or rejected. May be repeated.

    Raises StoreUnavailable, ParsersDown, TookTooLong, and is then repeated: only what the file itself is can reject it.
    """
    who, which = UUID(user_id), UUID(file_id)
    try:
        _look(work, which, who)
    except NoSuchFile:
        _drop_what_came_late(work, which, who)


@queue.task()
def measure(work: Work, *, file_id: str, user_id: str) -> None:
    """How loud a ready file is, and its waveform. May be repeated."""
    who, which = UUID(user_id), UUID(file_id)
    try:
        _measure(work, which, who)
    except NoSuchFile:
        _drop_what_came_late(work, which, who)


def enqueue_measuring(db: Session, file_id: UUID, *, user_id: UUID) -> None:
    """Have a file measured once this transaction commits."""
    measure.enqueue_with(db, lock=measuring_lock(file_id), file_id=str(file_id), user_id=str(user_id))


def measuring_lock(file_id: UUID) -> str:
    """One of as many locks as files may be measured at once."""
    return f"measure {file_id.int % MEASURED_AT_ONCE}"


def _look(work: Work, file_id: UUID, user_id: UUID) -> None:
    with database.transaction(work.engine, user_id=user_id) as db:
        row = files.stored(db, file_id, user_id=user_id)
    if row["state"] == State.READY:
        return
    try:
        with _copied(work, row) as copy:
            found = inspection.look(copy, folder=copy.parent, filename=row["filename"])
            facts = _facts(found) | _keep_cover(work, row, found, copy.parent) | _keep_twin(work, row, found)
    except (NotAudio, Undecodable, BytesLost) as reason:
        _reject(work, row, reason)
        return
    tags = {"title": Path(row["filename"]).stem[:255] or None} | found.tags
    with database.transaction(work.engine, user_id=user_id) as db:
        locking.lock(db, user_id=user_id)
        files.learn(db, file_id, user_id=user_id, facts=facts, tags=tags)
        catalogue.place(db, [file_id], user_id=user_id)
        enqueue_measuring(db, file_id, user_id=user_id)


def _reject(work: Work, row: files.Row, reason: NotAudio | Undecodable | BytesLost) -> None:
    """Its row stays for its owner to see why; its bytes go."""
    log(__name__).warning("file.rejected", file_id=str(row["id"]), reason=reason.code())
    with database.transaction(work.engine, user_id=row["user_id"]) as db:
        files.reject(db, row, user_id=row["user_id"], why=reason.detail())
        deleting.delete_objects.enqueue(
            db, objects=[*deleting.objects_of(row), *_late_objects(work, row["id"], row["user_id"])]
        )


def _measure(work: Work, file_id: UUID, user_id: UUID) -> None:
    with database.transaction(work.engine, user_id=user_id) as db:
        if files.is_measured(db, file_id, user_id=user_id):
            return
        row = files.stored(db, file_id, user_id=user_id)
    facts: dict[str, Any] = {}
    peaks = b""
    try:
        with _copied(work, row) as copy:
            if row["codec"] is None:  # it was taken after a probe alone, as recordings are
                found = inspection.look(copy, folder=copy.parent, filename=row["filename"])
                facts = _facts(found) | _keep_twin(work, row, found)
            measured = inspection.measure(copy, mime_type=row["mime_type"], seconds=row["duration"])
            facts, peaks = facts | measured.loudness, measured.peaks
    except (ChildFailed, TookTooLong, NotAudio, Undecodable, BytesLost) as reason:
        log(__name__).warning("file.not_measured", file_id=str(file_id), reason=repr(reason)[:200])
    with database.transaction(work.engine, user_id=user_id) as db:
        files.measured(db, file_id, user_id=user_id, **facts)
        if peaks:
            waveforms.keep(db, file_id, peaks, user_id=user_id)


@contextmanager
def _copied(work: Work, row: files.Row) -> Iterator[Path]:
    """A copy of a file's bytes, in a folder of its own that goes with it. Raises BytesLost."""
    with tempfile.TemporaryDirectory(dir=work.spool) as folder:
        copy = Path(folder) / "audio"
        with copy.open("wb") as file:
            work.store.copy_to(file, row["bucket"], row["object_key"], size_bytes=row["file_size"])
        yield copy


def _facts(found: Found) -> dict[str, Any]:
    return {"duration": found.duration, "duration_ms": found.duration_ms, **found.sound}


def _keep_cover(work: Work, row: files.Row, found: Found, folder: Path) -> dict[str, Any]:
    """Its key is written down before it is stored, so that whoever deletes the file deletes it too."""
    if not found.has_cover:
        return {}
    key = _cover_key(row["id"], row["user_id"])
    with database.transaction(work.engine, user_id=row["user_id"]) as db:
        files.has_cover(db, row["id"], user_id=row["user_id"], cover_key=key)
    for place, (_, path) in zip(pictures.keys(key), pictures.files_in(folder, sizes.COVERS), strict=True):
        _put(work, row["bucket"], place, path, pictures.MIME_TYPE)
    return {"cover_key": key}


def _keep_twin(work: Work, row: files.Row, found: Found) -> dict[str, Any]:
    """The same sound where it seeks. Its row names it once it is there, since it is played from then on; until then whoever
    deletes the file knows where it would be.
    """
    if found.twin is None:
        return {}
    key = deleting.twin_key(row)
    _put(work, row["bucket"], key, found.twin, row["mime_type"])
    with found.twin.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {"playable_key": key, "playable_size": found.twin.stat().st_size, "playable_sha256": sha256}


def _put(work: Work, bucket: str, key: str, path: Path, mime_type: str) -> None:
    with path.open("rb") as data:
        work.store.put(bucket, key, data, size_bytes=path.stat().st_size, mime_type=mime_type)


def _drop_what_came_late(work: Work, file_id: UUID, user_id: UUID) -> None:
    """Where a file was deleted meanwhile, what this attempt or an earlier one stored of it since goes too."""
    with database.transaction(work.engine, user_id=user_id) as db:
        is_gone = bool(files.unknown(db, [file_id], user_id=user_id)) or files.is_deleting(db, file_id, user_id=user_id)
    if is_gone:
        for bucket, key in _late_objects(work, file_id, user_id):
            work.store.delete(bucket, key)


def _late_objects(work: Work, file_id: UUID, user_id: UUID) -> list[list[str]]:
    """Everything that these jobs may store for a file, whatever its kind."""
    mine, recordings = work.settings.storage_bucket, work.settings.recordings_bucket
    twins = [[mine, f"storage/audio/{user_id}/{file_id}{deleting.TWIN}"], [recordings, f"{user_id}/{file_id}{deleting.TWIN}"]]
    return [*twins, *([mine, key] for key in pictures.keys(_cover_key(file_id, user_id)))]


def _cover_key(file_id: UUID, user_id: UUID) -> str:
    return f"storage/cover/{user_id}/{file_id}.jpg"
