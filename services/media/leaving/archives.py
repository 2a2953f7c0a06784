"""Archives: what every service wrote down of somebody who asked for it, and their audio and
pictures, as one ZIP.

The parts are objects under the user's id and the archive's. The ZIP is made while it is sent.
An archive is there once every service has put in its part, and for seven days.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from services.media.errors import NoSuchArchive
from services.media.library.files import BYTES, Row
from services.media.models.files import PLAYABLE, AudioFile
from services.media.models.pictures import Picture
from services.media.playing.zips import Entry
from services.media.settings import Settings
from services.media.store import Listed, Store
from shared import clock, services
from shared import db as database
from shared.leaving import ARCHIVE_KEPT, Rows

ROWS_AT_ONCE = 500
FOLDER = "exports"
JSON = "application/json"
UNSAFE_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
LONGEST_STEM = 80  # characters; file systems take 255 bytes
ID_CHARACTERS = 12  # of a file's id that its name ends with: 48 random bits


def keep(store: Store, settings: Settings, path: Path, task_id: UUID, service: str, user_id: UUID) -> None:
    """Put one part where `answer` finds it."""
    with path.open("rb") as data:
        key = f"{FOLDER}/{user_id}/{task_id}/{service}.json"
        store.put(settings.storage_bucket, key, data, size_bytes=path.stat().st_size, mime_type=JSON)


def parts(store: Store, settings: Settings, task_id: UUID, *, user_id: UUID) -> dict[str, Listed]:
    """An archive's parts by service. Raises NoSuchArchive where it is another's, not complete yet, or over."""
    found = store.listed(settings.storage_bucket, f"{FOLDER}/{user_id}/{task_id}/")
    by_service = {PurePosixPath(each.key).stem: each for each in found if not is_over(each)}
    if not by_service.keys() >= set(services.names()):
        raise NoSuchArchive
    return by_service


def entries(engine: Engine, store: Store, settings: Settings, found: dict[str, Listed], *, user_id: UUID) -> Iterator[Entry]:
    """What is in an archive: its parts, then every file with its cover, then every picture, each looked for once the one
    before it is sent.
    """
    for service, part in sorted(found.items()):
        yield Entry(f"{service}.json", settings.storage_bucket, part.key, part.size_bytes, service)
    for row in _files(engine, user_id):
        known_as = f"{row['id']} {row['filename']}"
        yield Entry(f"audio/{name_of(row)}", row["bucket"], row["object_key"], row["file_size"], known_as)
        if row["cover_key"]:
            yield from _picture(store, cover_name(row), row["bucket"], row["cover_key"])
    for row in _pictures(engine, user_id):
        yield from _picture(store, picture_name(row), row["bucket"], row["object_key"])


def is_over(part: Listed) -> bool:
    """Whether an archive's part is older than archives get."""
    return part.stored_at < clock.now() - ARCHIVE_KEPT


def name_of(row: Row) -> str:
    """What a file is called in an archive: as its owner called it, safe on every file system, and unlike any other.

    >>> name_of({"id": UUID(int=10), "filename": "../a:b?.mp3.exe", "object_key": "storage/audio/u/f.flac"})
    'a_b_.mp3-00000000000a.flac'
    >>> name_of({"id": UUID(int=11), "filename": "...", "object_key": "storage/audio/u/f.ogg"})
    'audio-00000000000b.ogg'
    """
    plain = UNSAFE_IN_NAMES.sub("_", row["filename"].replace("\\", "/").rpartition("/")[2])
    stem = PurePosixPath(plain).stem.strip(" .")[:LONGEST_STEM].encode("utf-8", "ignore").decode() or "audio"
    return f"{stem}-{row['id'].hex[-ID_CHARACTERS:]}{PurePosixPath(row['object_key']).suffix}"


def cover_name(row: Row) -> str:
    """What the cover of a file is called there."""
    return f"covers/{PurePosixPath(name_of(row)).stem}.jpg"


def picture_name(row: Row) -> str:
    """What a picture is called there."""
    return f"pictures/{row['purpose']}-{row['id']}.jpg"


def named(rows: Rows) -> Iterator[dict[str, Any]]:
    """Rows of audio files, each with the names of its bytes and its cover in an archive, where it has any there."""
    for each in rows:
        row = dict(each)
        if row["state"] in PLAYABLE:
            row["archived_as"] = name_of(row)
            row["cover_archived_as"] = cover_name(row) if row["cover_key"] else None
        yield row


def named_pictures(rows: Rows) -> Iterator[dict[str, Any]]:
    """The same of pictures."""
    for row in rows:
        yield dict(row) | ({"archived_as": picture_name(dict(row))} if row["state"] in PLAYABLE else {})


def _picture(store: Store, name: str, bucket: str, key: str) -> Iterator[Entry]:
    """No row says how large the object of a picture is, so the store is asked."""
    for each in store.listed(bucket, key):
        if each.key == key:
            yield Entry(name, bucket, key, each.size_bytes, name)


def _pictures(engine: Engine, user_id: UUID) -> list[Row]:
    """Every picture of a user that is there, oldest first."""
    its = (Picture.user_id == user_id, Picture.state.in_([each.value for each in PLAYABLE]))
    wanted = select(Picture.id, Picture.purpose, Picture.bucket, Picture.object_key).where(*its).order_by(Picture.id)
    with database.transaction(engine, user_id=user_id) as db:
        return [dict(row) for row in db.execute(wanted).mappings()]


def _files(engine: Engine, user_id: UUID) -> Iterator[Row]:
    """Every file of a user whose bytes are there, oldest first; no transaction is open between two pages."""
    states = AudioFile.state.in_([each.value for each in PLAYABLE])
    page = select(*BYTES).where(AudioFile.user_id == user_id, states).order_by(AudioFile.id).limit(ROWS_AT_ONCE)
    after: Any = None
    while True:
        with database.transaction(engine, user_id=user_id) as db:
            found = db.execute(page.where(AudioFile.id > after) if after else page).mappings().all()
        yield from (dict(row) for row in found)
        if len(found) < ROWS_AT_ONCE:
            return
        after = found[-1]["id"]
