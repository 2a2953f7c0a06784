"""What the rows say the object store holds."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Engine, Select, select

from services.media.models.files import AudioFile, Rendition, State
from services.media.models.pictures import Picture
from services.media.models.receiving import RecordingChunk, UploadPart
from services.media.processing import pictures
from services.media.settings import Settings
from services.media.tasks.deleting import objects_of
from shared import db as database

ROWS_AT_ONCE = 2_000


class Claim(NamedTuple):
    """An object that a row names. `size_bytes` and `sha256` are None where the row does not say; a `spare` may be missing."""

    bucket: str
    key: str
    size_bytes: int | None
    sha256: str | None
    noun: str  # the table, and of an audio file also what of it
    id: UUID
    user_id: UUID
    is_settled: bool = True  # not just on its way in or out
    is_spare: bool = False  # nothing is lost without it


def all_of(engine: Engine, settings: Settings) -> Iterator[Claim]:
    """Every claim of every row, in short transactions."""
    main = settings.storage_bucket
    for row in _rows(engine, select(AudioFile)):
        yield from _of_file(row)
    for row in _rows(engine, select(Picture)):
        settled = row.state == State.READY
        for key in pictures.keys(row.object_key):
            digest = row.sha256 if key == row.object_key else None
            yield Claim(row.bucket, key, None, digest, "media", row.id, row.user_id, settled)
    for row in _rows(engine, select(Rendition)):
        settled = row.ready_at is not None
        yield Claim(row.bucket, row.object_key, row.size_bytes, row.sha256, "renditions", row.id, row.user_id, settled)
    for row in _rows(engine, select(UploadPart), UploadPart.object_key):
        yield Claim(main, row.object_key, row.size_bytes, None, "upload_parts", row.upload_id, row.user_id)
    for row in _rows(engine, select(RecordingChunk), RecordingChunk.object_key):
        yield Claim(main, row.object_key, row.size_bytes, row.sha256, "recording_chunks", row.session_id, row.user_id)


def _of_file(row: Any) -> Iterator[Claim]:
    settled = row.state == State.READY
    known = {
        row.object_key: ("audio_files", row.file_size, row.sha256),
        row.playable_key: ("audio_files twin", row.playable_size, row.playable_sha256),
    }
    covers = pictures.keys(row.cover_key) if row.cover_key else []
    facts = {column.key: getattr(row, column.key) for column in AudioFile.__table__.columns}
    for bucket, key in objects_of(facts):
        unknown = "audio_files cover" if key in covers else "audio_files twin"
        noun, size, digest = known.get(key, (unknown, None, None))
        may_be_missing = key not in known and key not in covers  # a twin that was not needed
        yield Claim(bucket, key, size, digest, noun, row.id, row.user_id, settled, is_spare=may_be_missing)


def _rows(engine: Engine, wanted: Select[Any], key: Any = None) -> Iterator[Any]:
    """Rows by id, a page and a transaction at a time; as the worker, who sees everybody's."""
    column = wanted.column_descriptions[0]["entity"].id if key is None else key
    last: Any = None
    while True:
        page = wanted.order_by(column).limit(ROWS_AT_ONCE)
        with database.transaction(engine) as db:
            rows = db.scalars(page if last is None else page.where(column > last)).all()
            db.expunge_all()
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        last = getattr(rows[-1], column.key)
