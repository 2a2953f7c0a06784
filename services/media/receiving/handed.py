"""Files that another service made and hands over: songs and episodes, as a stream or, where they are small, as a data URL.

One thing that was made is one file, however often it is handed over: its kind and its `source_id` name it.
"""

import binascii
import re
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.media.errors import AnotherFile, DataUrlUnreadable, FileEmpty, UploadTooLarge
from services.media.library import files
from services.media.library.files import Row
from services.media.models.files import AudioFile, Kind, State
from services.media.processing import inspection
from services.media.processing.inspection import Found
from services.media.receiving import quota
from services.media.receiving.multipart import clean_name
from services.media.receiving.spool import Spooled
from services.media.schemas.handed import HandedFile, NewFile
from services.media.tasks import processing
from services.media.world import World
from shared import clock, ids
from shared import db as database
from shared.fastapi_app import reception

DATA_URL_BYTES = 16 * 1024 * 1024  # decoded; JSON takes five times its size in memory, so what is larger comes as a stream
DATA_URL = re.compile(r"data:audio/[a-z0-9.+-]{1,60}(?:; ?[a-z0-9-]{1,40}=\"?[a-zA-Z0-9., +-]{1,60}\"?){0,4};base64,")
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


async def take(request: Request, engine: Engine, world: World, facts: HandedFile, *, user_id: UUID) -> Row:
    """Keep the body of a request; the same again changes nothing. Raises AnotherFile, and as uploads do."""
    bounds = world.bounds(world.settings.max_file_bytes)
    reception.declared_bytes(request, bounds)
    spooled = _fresh(world, facts)
    try:
        await reception.receive(request, spooled.write, bounds)
        with reception.noticing_full_disk():
            spooled.end()
        return await to_thread.run_sync(_keep, engine, world, spooled, facts, user_id, limiter=world.finishing)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(spooled.discard)


def take_data_url(engine: Engine, world: World, new: NewFile, *, user_id: UUID) -> Row:
    """The same of a data URL. Raises DataUrlUnreadable, UploadTooLarge too."""
    content = decode(new.audio)
    spooled = _fresh(world, new)
    try:
        with reception.noticing_full_disk():
            spooled.write(content)
            spooled.end()
        return _keep(engine, world, spooled, new, user_id)
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


def _fresh(world: World, facts: HandedFile) -> Spooled:
    return Spooled(clean_name(facts.filename), world.spool / f"{ids.new()}-{facts.source_id}")


def _keep(engine: Engine, world: World, spooled: Spooled, facts: HandedFile, user_id: UUID) -> Row:
    if not spooled.size_bytes:
        raise FileEmpty(filename=spooled.filename)
    found = inspection.probe(spooled.path, filename=spooled.filename)
    row = _intend(engine, world, spooled, found, facts, user_id)
    if row["state"] == State.UPLOADING:
        with spooled.path.open("rb") as data:  # where this fails, the caller tries again, or the sweep ends the row
            world.store.put(row["bucket"], row["object_key"], data, size_bytes=spooled.size_bytes, mime_type=found.mime_type)
        with database.transaction(engine, user_id=user_id) as db:
            files.become(db, row["id"], State.PROCESSING, user_id=user_id)
            processing.read_tags.enqueue(db, file_id=str(row["id"]), user_id=str(user_id))
    with database.transaction(engine, user_id=user_id) as db:
        return files.show(db, row["id"], user_id=user_id)


def _intend(engine: Engine, world: World, spooled: Spooled, found: Found, facts: HandedFile, user_id: UUID) -> Row:
    """The row of these bytes, new or from before. Other bytes than a row has would overwrite what was acknowledged."""
    with database.transaction(engine, user_id=user_id) as db:
        quota.lock(db, user_id=user_id)  # so that a thing gets one row, however often it is sent at once
        before = _find(db, facts, user_id)
        if before is None:
            quota.reserve(db, spooled.size_bytes, user_id=user_id, quota_bytes=world.settings.quota_bytes)
            _describe(db, world, spooled, found, facts, user_id)
            before = _find(db, facts, user_id)
    if before is None or before["sha256"] != spooled.sha256 or before["state"] == State.DELETING:
        raise AnotherFile
    return before


def _find(db: Session, facts: HandedFile, user_id: UUID) -> Row | None:
    mine = (AudioFile.source_id == facts.source_id, AudioFile.kind == facts.kind.value, AudioFile.user_id == user_id)
    row = db.execute(select(*files.BYTES).where(*mine)).mappings().first()
    return dict(row) if row else None


def _describe(db: Session, world: World, spooled: Spooled, found: Found, facts: HandedFile, user_id: UUID) -> None:
    """What its maker says of it counts more than its tags; where that is nothing, they count."""
    file_id, told = ids.new(), facts.told()
    files.intend(db, file_id, user_id=user_id, reserved_bytes=spooled.size_bytes, kind=Kind(facts.kind))
    files.describe(
        db,
        file_id,
        user_id=user_id,
        filename=spooled.filename,
        source_id=facts.source_id,
        mime_type=found.mime_type,
        duration=found.duration,
        bucket=world.settings.storage_bucket,
        object_key=f"storage/audio/{user_id}/{file_id}.{found.extension}",
        sha256=spooled.sha256,
        **(told | {"edited_at": clock.now()} if told else {}),
    )
