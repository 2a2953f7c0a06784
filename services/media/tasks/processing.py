"""What a new file is made to tell: its tags and its cover."""

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from services.media.errors import BytesLost, NoSuchFile, NotAudio, Undecodable
from services.media.library import catalogue, files
from services.media.models.files import State
from services.media.processing import inspection
from services.media.processing.inspection import Found
from services.media.tasks.queue import Work, queue
from shared import db as database
from shared.logs import log


@queue.task()
def read_tags(work: Work, *, file_id: str, user_id: str) -> None:
    """Title, artist, album and cover of one file, as it names them itself. Raises StoreUnavailable, and is then repeated."""
    who, which = UUID(user_id), UUID(file_id)
    try:
        _learn(work, which, who)
    except NoSuchFile:
        with database.transaction(work.engine, user_id=who) as db:
            is_gone = bool(files.unknown(db, [which], user_id=who)) or files.is_deleting(db, which, user_id=who)
        if is_gone:  # deleted meanwhile: a cover that this attempt or an earlier one stored since goes too
            work.store.delete(work.settings.storage_bucket, _cover_key(which, who))


def _learn(work: Work, file_id: UUID, user_id: UUID) -> None:
    with database.transaction(work.engine, user_id=user_id) as db:
        row = files.stored(db, file_id, user_id=user_id)
    try:
        facts = _tags(work, row)
    except (NotAudio, Undecodable, BytesLost) as reason:
        # It decoded when it was uploaded, so it stays playable; only its tags are unknown.
        log(__name__).warning("tags.not_read", file_id=str(file_id), reason=reason.code())
        facts = {"title": Path(row["filename"]).stem[:255] or None, "error": reason.detail()}
    with database.transaction(work.engine, user_id=user_id) as db:
        catalogue.lock(db, user_id=user_id)
        files.become(db, file_id, State.READY, user_id=user_id, **facts)
        catalogue.place(db, [file_id], user_id=user_id)


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
