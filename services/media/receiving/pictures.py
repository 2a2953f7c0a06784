"""Pictures on their way in: sent as a form, made anew by a child process, kept in fixed sizes."""

import hashlib
import tempfile
from pathlib import Path
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.media.errors import NoSuchPicture, OneFileOnly, PictureTooLarge
from services.media.library import pictures
from services.media.library.files import Row
from services.media.models.pictures import Purpose
from services.media.processing import pictures as stored
from services.media.processing import sizes
from services.media.processing.pictures import MIME_TYPE, Painted, reencode, thumbnail_key
from services.media.receiving import quota
from services.media.receiving.forms import CREATED, FRAMING_BYTES
from services.media.receiving.multipart import Body
from services.media.tasks import deleting
from services.media.tasks.pictures import end_picture
from services.media.world import World
from shared import db as database
from shared import idempotency, ids, json
from shared.fastapi_app import reception
from shared.fastapi_app.reception import Bounds
from shared.idempotency import Answer, Claim
from shared.identity import Caller


async def take(request: Request, engine: Engine, world: World, caller: Caller, *, purpose: Purpose, key: str | None) -> Row:
    """Keep the one picture of a form's field `file`; `key` is the request's Idempotency-Key, and repeats are answered alike.

    Raises NotAPicture, PictureTooLarge, OneFileOnly, QuotaExceeded, StoreUnavailable.
    """
    bounds = _bounds(world)
    declared = reception.declared_bytes(request, bounds)
    body = Body(request.headers.get("content-type", ""), world.spool, str(ids.new()))
    claim = Claim(caller.id, "POST /files/upload/image", key) if key is not None else None
    await to_thread.run_sync(world.store.expect_bytes)
    async with world.arrivals.place(caller.id, declared) as arrival:
        try:
            await reception.receive(request, body.write, bounds, arrival=arrival)
            body.close()
            if len(body.files) != 1:
                raise OneFileOnly
            return await to_thread.run_sync(_keep, engine, world, body, caller.id, purpose, claim, limiter=world.finishing)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(body.discard)


def _keep(engine: Engine, world: World, body: Body, user_id: UUID, purpose: Purpose, claim: Claim | None) -> Row:
    [spooled] = body.files
    fingerprint = hashlib.sha256(f"{purpose} {spooled.sha256}".encode()).digest()
    with tempfile.TemporaryDirectory(dir=world.spool) as folder:
        painted = reencode(spooled.path, Path(folder), sizes.PICTURES)
        picture_id = ids.new()
        with database.transaction(engine, user_id=user_id) as db:
            answered = idempotency.claim(db, claim) if claim else None
            if answered is None:
                _intend(db, world, painted, picture_id, user_id, purpose)
        if answered is not None:
            idempotency.same(answered, fingerprint)
            kept: Row = json.loads(answered.body)
            return kept | {name: UUID(kept[name]) for name in ("id", "user_id")}
        try:
            _store(world, painted, picture_id, user_id)
            with database.transaction(engine, user_id=user_id) as db:
                row = pictures.make_true(db, picture_id, user_id=user_id)
                if claim:
                    idempotency.fulfil(db, claim, Answer(CREATED, json.dumps(row), {}, fingerprint))
        except BaseException:
            _abandon(engine, world, picture_id, user_id, claim)
            raise
        return row


def _intend(db: Session, world: World, painted: Painted, picture_id: UUID, user_id: UUID, purpose: Purpose) -> None:
    """Written down before it is stored, with its room."""
    size_bytes = sum(path.stat().st_size for _, path in painted.files)
    quota.reserve(db, size_bytes, user_id=user_id, quota_bytes=world.settings.quota_bytes)
    pictures.intend(
        db,
        picture_id,
        user_id=user_id,
        purpose=purpose,
        bucket=world.settings.storage_bucket,
        object_key=pictures.key_of(picture_id, user_id),
        size_bytes=size_bytes,
        sha256=hashlib.sha256(painted.files[0][1].read_bytes()).hexdigest(),
        width=painted.width,
        height=painted.height,
    )


def _store(world: World, painted: Painted, picture_id: UUID, user_id: UUID) -> None:
    whole, *smaller = painted.files
    key = pictures.key_of(picture_id, user_id)
    for where, path in [(key, whole[1]), *((thumbnail_key(key, pixels), path) for pixels, path in smaller)]:
        with path.open("rb") as data:
            world.store.put(world.settings.storage_bucket, where, data, size_bytes=path.stat().st_size, mime_type=MIME_TYPE)


def _abandon(engine: Engine, world: World, picture_id: UUID, user_id: UUID, claim: Claim | None) -> None:
    """What was not made true goes again; where even that fails, the sweep ends it."""
    bucket, keys = world.settings.storage_bucket, stored.keys(pictures.key_of(picture_id, user_id))
    with database.transaction(engine, user_id=user_id) as db:
        try:
            end_picture(db, picture_id, user_id=user_id)
        except NoSuchPicture:  # deleted meanwhile, maybe before all of it was stored
            deleting.drop_late.enqueue(db, user_id=str(user_id), objects=[[bucket, key] for key in keys])
        if claim:
            idempotency.release(db, claim)


def _bounds(world: World) -> Bounds:
    mine, at_most = world.settings, world.settings.max_picture_bytes + FRAMING_BYTES
    return Bounds(at_most, PictureTooLarge(at_most_bytes=at_most), mine.slowest_bytes_per_second, mine.patience_seconds)
