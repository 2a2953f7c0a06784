"""Recordings that arrive while they are played: chunk by chunk, each an object of its own, then joined into one.

A chunk is an object first and a row afterwards, so what was acknowledged is there for good, whatever is killed next.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.media.errors import AnotherRecording, BytesLost, NoSuchFile, QuotaExceeded, StoreUnavailable, UploadTooLarge
from services.media.models.files import Kind
from services.media.receiving import handed, quota, recordings
from services.media.receiving.spool import Spooled
from services.media.tasks import chunks
from services.media.tasks.chunks import AnyRow
from services.media.world import World
from shared import db as database
from shared import ids
from shared.fastapi_app import reception
from shared.logs import log

CHUNK_BYTES = 8 * 1024 * 1024  # 30 s at 2.2 Mbit/s: even uncompressed sound has no more
MIME_TYPE = "application/octet-stream"  # only the first has a header: what a later one is, nobody can tell


async def take(request: Request, engine: Engine, world: World, session_id: UUID, number: int, *, user_id: UUID) -> None:
    """Keep the body as one chunk of a recording; the last one under a number counts.

    Raises AnotherRecording where the recording is whole already, UploadTooLarge, QuotaExceeded, and as other bodies do.
    """
    bounds = world.bounds(CHUNK_BYTES)
    declared_bytes = reception.declared_bytes(request, bounds) or 0
    await to_thread.run_sync(_expect, engine, world, declared_bytes, user_id)
    spooled = Spooled(f"{session_id}.webm", world.spool / f"{ids.new()}-{session_id}")
    try:
        await reception.receive(request, spooled.write, bounds)
        with reception.noticing_full_disk():
            spooled.end()
        if spooled.size_bytes:
            await to_thread.run_sync(_keep, engine, world, spooled, session_id, number, user_id, limiter=world.storing)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(spooled.discard)


async def join(engine: Engine, world: World, session_id: UUID, *, user_id: UUID) -> dict[str, Any]:
    """Make the chunks of a recording one file, in order, without those that never came; as `recordings.take` answers.

    May be repeated, after any death: it is joined once. Raises NoSuchFile where there is nothing to join, and as
    `recordings.take` does where the chunks make no audio.
    """
    row = await to_thread.run_sync(_join, engine, world, session_id, user_id, limiter=world.finishing)
    return recordings.told(row)


def _expect(engine: Engine, world: World, declared_bytes: int, user_id: UUID) -> None:
    """Say before the first byte what can be said by then."""
    world.store.expect_bytes()
    with database.transaction(engine, user_id=user_id) as db:
        used = quota.used(db, user_id=user_id)
    if used + declared_bytes > world.settings.quota_bytes:
        raise QuotaExceeded(quota_bytes=world.settings.quota_bytes, used_bytes=used)


def _keep(engine: Engine, world: World, spooled: Spooled, session_id: UUID, number: int, user_id: UUID) -> None:
    bucket, key = world.settings.storage_bucket, f"{chunks.folder(session_id, user_id=user_id)}{number}-{ids.new().hex[-12:]}"
    with spooled.path.open("rb") as data:
        world.store.put(bucket, key, data, size_bytes=spooled.size_bytes, mime_type=MIME_TYPE)
    try:
        with database.transaction(engine, user_id=user_id) as db:
            replaced = _count(db, world, spooled, session_id, number, key, user_id)
    except (AnotherRecording, UploadTooLarge, QuotaExceeded):
        _drop(world, key)
        raise
    if replaced:
        _drop(world, replaced)


def _count(db: Session, world: World, spooled: Spooled, session_id: UUID, number: int, key: str, user_id: UUID) -> str | None:
    """Make a stored chunk true; the object that nobody names any more, if there is one."""
    quota.lock(db, user_id=user_id)
    if handed.find(db, Kind.RECORDING, session_id, user_id=user_id) is not None:
        raise AnotherRecording
    before = {each.number: each for each in chunks.of(db, session_id, user_id=user_id)}
    same = before.get(number)
    if same and same.sha256 == spooled.sha256:
        return key
    added, at_most = spooled.size_bytes - (same.size_bytes if same else 0), world.settings.max_recording_bytes
    if sum(each.size_bytes for each in before.values()) + added > at_most:
        raise UploadTooLarge(at_most_bytes=at_most)
    quota.reserve(db, added, user_id=user_id, quota_bytes=world.settings.quota_bytes)
    size_bytes, sha256 = spooled.size_bytes, spooled.sha256
    chunks.keep(db, session_id, number, user_id=user_id, object_key=key, size_bytes=size_bytes, sha256=sha256)
    return same.object_key if same else None


def _drop(world: World, key: str) -> None:
    """Where the store is away, whoever joins the recording or throws it away finds it."""
    try:
        world.store.delete(world.settings.storage_bucket, key)
    except StoreUnavailable:
        log(__name__).warning("chunk.left_to_the_join")


def _join(engine: Engine, world: World, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    with database.transaction(engine, user_id=user_id) as db:
        found = chunks.of(db, session_id, user_id=user_id)
    if not found:
        return _joined(engine, session_id, user_id)
    made = recordings.made(world, session_id, user_id=user_id, counted_bytes=sum(each.size_bytes for each in found))
    spooled = handed.fresh(world, made)
    try:
        with reception.noticing_full_disk():
            _write(world, spooled, found)
        row = handed.keep(engine, world, spooled, made, user_id)
    except AnotherRecording as reason:  # whoever joined it at the same time has dropped some chunks meanwhile
        try:
            return _joined(engine, session_id, user_id)
        except NoSuchFile:
            raise reason from None
    finally:
        spooled.discard()
    with database.transaction(engine, user_id=user_id) as db:
        chunks.drop(db, session_id, user_id=user_id)
    return row


def _joined(engine: Engine, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    with database.transaction(engine, user_id=user_id) as db:
        return handed.shown(db, Kind.RECORDING, session_id, user_id=user_id)


def _write(world: World, spooled: Spooled, found: Sequence[AnyRow]) -> None:
    """All that the store still has of them: what it lost is as if it had never come."""
    for each in found:
        try:
            piece = world.store.read(world.settings.storage_bucket, each.object_key, start=0, length=each.size_bytes)
        except BytesLost:
            log(__name__).error("chunk.lost", number=each.number)
            continue
        if hashlib.sha256(piece).hexdigest() == each.sha256:
            spooled.write(piece)
        else:
            log(__name__).error("chunk.damaged", number=each.number)
    spooled.end()
