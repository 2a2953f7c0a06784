"""Files that another service made and hands over, as a stream or, where they are small, as a data URL.

One thing that was made is one file, however often it is handed over: its kind and its `source_id` name it.
"""

import binascii
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.media.errors import AnotherFile, DataUrlUnreadable, FileEmpty, NoSuchFile, UploadTooLarge
from services.media.library import files
from services.media.library.files import Row
from services.media.models.files import AudioFile, Kind, State
from services.media.processing import inspection
from services.media.processing.inspection import Found
from services.media.receiving import quota
from services.media.receiving.multipart import clean_name
from services.media.receiving.spool import Spooled
from services.media.schemas.handed import HandedFile, NewFile
from services.media.tasks import deleting, processing
from services.media.world import World
from shared import clock, ids
from shared import db as database
from shared.errors import Problem
from shared.fastapi_app import reception

DATA_URL_BYTES = 16 * 1024 * 1024  # decoded; JSON takes five times its size in memory, so what is larger comes as a stream
DATA_URL = re.compile(r"data:audio/[a-z0-9.+-]{1,60}(?:; ?[a-z0-9-]{1,40}=\"?[a-zA-Z0-9., +-]{1,60}\"?){0,4};base64,")
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True, slots=True)
class Made:
    """What is handed over. `key` is where it is kept, where that has a name of its own; then its first look is later."""

    kind: Kind
    source_id: UUID
    filename: str
    bucket: str
    another: type[Problem]  # what other bytes under this id are
    key: str | None = None
    told: dict[str, Any] = field(default_factory=dict)
    counted_bytes: int = 0  # of the quota, by chunks that go once this is whole


async def take(request: Request, engine: Engine, world: World, facts: HandedFile, *, user_id: UUID) -> Row:
    """Keep the body of a request; the same again changes nothing. Raises AnotherFile, and as uploads do."""
    return await take_body(request, engine, world, _made(world, facts), user_id=user_id, at_most=world.settings.max_file_bytes)


async def take_body(request: Request, engine: Engine, world: World, made: Made, *, user_id: UUID, at_most: int) -> Row:
    """The same of anything that is handed over."""
    bounds = world.bounds(at_most)
    reception.declared_bytes(request, bounds)
    await to_thread.run_sync(world.store.expect_bytes)
    spooled = fresh(world, made)
    try:
        await reception.receive(request, spooled.write, bounds)
        with reception.noticing_full_disk():
            spooled.end()
        return await to_thread.run_sync(keep, engine, world, spooled, made, user_id, limiter=world.finishing)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(spooled.discard)


def take_data_url(engine: Engine, world: World, new: NewFile, *, user_id: UUID) -> Row:
    """The same of a data URL. Raises DataUrlUnreadable, UploadTooLarge too."""
    content, made = decode(new.audio), _made(world, new)
    spooled = fresh(world, made)
    try:
        with reception.noticing_full_disk():
            spooled.write(content)
            spooled.end()
        return keep(engine, world, spooled, made, user_id)
    finally:
        spooled.discard()


def decode(text: str) -> bytes:
    """The bytes of a data URL of audio, in Base64 with the standard alphabet and its padding; nothing else is guessed at.

    >>> decode("data:audio/webm;codecs=opus;base64,AAEC")
    b'\\x00\\x01\\x02'
    """
    head = DATA_URL.match(text)
    if head is None:
        raise DataUrlUnreadable(errors=[{"field": "audio", "message": "is no data URL of audio in Base64"}])
    encoded = text[head.end() :]
    if len(encoded) // 4 * 3 - encoded[-2:].count("=") > DATA_URL_BYTES:
        raise UploadTooLarge(at_most_bytes=DATA_URL_BYTES)
    if len(encoded) % 4 or not BASE64.fullmatch(encoded):
        raise DataUrlUnreadable(errors=[{"field": "audio", "message": "is not Base64"}])
    return binascii.a2b_base64(encoded)


def _made(world: World, facts: HandedFile) -> Made:
    bucket, told = world.settings.storage_bucket, facts.told()
    return Made(Kind(facts.kind), facts.source_id, clean_name(facts.filename), bucket, AnotherFile, told=told)


def fresh(world: World, made: Made) -> Spooled:
    """Where its bytes wait until they are stored."""
    return Spooled(made.filename, world.spool / f"{ids.new()}-{made.source_id}")


def keep(engine: Engine, world: World, spooled: Spooled, made: Made, user_id: UUID) -> Row:
    """Make a file of bytes that are all here, and show it; the same again changes nothing. Raises as `take` does."""
    if not spooled.size_bytes:
        raise FileEmpty(filename=spooled.filename, errors=[{"field": "", "message": "it is empty"}])
    found = inspection.probe(spooled.path, filename=spooled.filename)
    row = _intend(engine, world, spooled, found, made, user_id)
    if row["state"] == State.UPLOADING:
        with spooled.path.open("rb") as data:  # where this fails, the caller tries again, or the sweep ends the row
            world.store.put(row["bucket"], row["object_key"], data, size_bytes=spooled.size_bytes, mime_type=found.mime_type)
        late = deleting.dropping_what_came_late(engine, [[row["bucket"], row["object_key"]]], user_id=user_id)
        with suppress(NoSuchFile), late:  # the same bytes came twice at once, and the other request was first; or it is deleted
            _make_true(engine, row["id"], made, user_id)
    with database.transaction(engine, user_id=user_id) as db:
        return files.show(db, row["id"], user_id=user_id) | {"sha256": row["sha256"]}


def _make_true(engine: Engine, file_id: UUID, made: Made, user_id: UUID) -> None:
    with database.transaction(engine, user_id=user_id) as db:
        if made.key:
            files.become(db, file_id, State.READY, user_id=user_id)
            processing.enqueue_measuring(db, file_id, user_id=user_id)
        else:
            files.become(db, file_id, State.PROCESSING, user_id=user_id)
            processing.read_tags.enqueue(db, file_id=str(file_id), user_id=str(user_id))


def _intend(engine: Engine, world: World, spooled: Spooled, found: Found, made: Made, user_id: UUID) -> Row:
    """The row of these bytes, new or from before. Other bytes than a row has would overwrite what was acknowledged; what was
    rejected was not, so it makes room.
    """
    with database.transaction(engine, user_id=user_id) as db:
        quota.lock(db, user_id=user_id)  # so that a thing gets one row, however often it is sent at once
        before = find(db, made.kind, made.source_id, user_id=user_id)
        if before is not None and before["state"] == State.REJECTED:
            files.lose_source(db, before["id"], user_id=user_id)
            deleting.end_file(db, before["id"], user_id=user_id)
            before = None
        if before is None:
            quota_bytes = world.settings.quota_bytes + made.counted_bytes
            quota.reserve(db, spooled.size_bytes, user_id=user_id, quota_bytes=quota_bytes)
            _describe(db, spooled, found, made, user_id)
            before = find(db, made.kind, made.source_id, user_id=user_id)
    if before is None or before["sha256"] != spooled.sha256 or before["state"] == State.DELETING:
        raise made.another
    return before


def find(db: Session, kind: Kind, source_id: UUID, *, user_id: UUID) -> Row | None:
    """The file that was made of this, in whatever state; None where there is none."""
    mine = (AudioFile.source_id == source_id, AudioFile.kind == kind.value, AudioFile.user_id == user_id)
    row = db.execute(select(*files.BYTES).where(*mine)).mappings().first()
    return dict(row) if row else None


def shown(db: Session, kind: Kind, source_id: UUID, *, user_id: UUID) -> Row:
    """That file as `keep` shows it. Raises NoSuchFile, also where it is not whole."""
    row = find(db, kind, source_id, user_id=user_id)
    if row is None or row["state"] not in (State.PROCESSING, State.READY):
        raise NoSuchFile
    return files.show(db, row["id"], user_id=user_id) | {"sha256": row["sha256"]}


def _describe(db: Session, spooled: Spooled, found: Found, made: Made, user_id: UUID) -> None:
    """What its maker says of it counts more than its tags; where that is nothing, they count."""
    file_id = ids.new()
    files.intend(db, file_id, user_id=user_id, reserved_bytes=spooled.size_bytes, kind=made.kind)
    files.describe(
        db,
        file_id,
        user_id=user_id,
        filename=spooled.filename,
        source_id=made.source_id,
        mime_type=found.mime_type,
        duration=found.duration,
        bucket=made.bucket,
        object_key=made.key or f"storage/audio/{user_id}/{file_id}.{found.extension}",
        sha256=spooled.sha256,
        **(made.told | {"edited_at": clock.now()} if made.told else {}),
    )
