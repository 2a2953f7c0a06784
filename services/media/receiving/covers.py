"""Covers that people send: made anew by a child process, then put on a track or on every track of an album."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request
from sqlalchemy import Engine

from services.media.errors import AlbumTooLarge, CoverOfWhat, NoSuchFile
from services.media.library import catalogue, files, locking, tracks
from services.media.library.files import Row
from services.media.processing import pictures, sizes
from services.media.processing.pictures import Painted
from services.media.receiving.forms import CREATED, FRAMING_BYTES
from services.media.receiving.multipart import Body
from services.media.tasks import deleting
from services.media.world import World
from shared import db as database
from shared import idempotency, ids, json
from shared.fastapi_app import reception
from shared.idempotency import Answer, Claim
from shared.identity import Caller

TARGETS = ("track_id", "album_id")  # fields of the form; one of them says what it is the cover of
AT_MOST = 200  # tracks of one album
UNKEPT_SECONDS = 600  # after which what nobody's row names goes: this request is over by then


async def take(request: Request, engine: Engine, world: World, caller: Caller, *, key: str | None) -> list[UUID]:
    """Put the picture of a form on one of this user's tracks or albums; the tracks that show it now.

    `key` is the request's Idempotency-Key, and repeats are answered alike. Raises PictureUnusable, CoverOfWhat, AlbumTooLarge,
    NoSuchFile, and whatever is wrong with a form or a key.
    """
    claim = Claim(caller.id, "POST /files/upload/cover", key) if key is not None else None
    bounds = world.bounds(world.settings.max_picture_bytes + FRAMING_BYTES)
    declared = reception.declared_bytes(request, bounds)
    body = Body(request.headers.get("content-type", ""), world.spool, f"cover-{ids.new()}", texts=TARGETS)
    await to_thread.run_sync(world.store.expect_bytes)
    async with world.arrivals.place(caller.id, declared) as arrival:
        try:
            await reception.receive(request, body.write, bounds, arrival=arrival)
            body.close()
            with idempotency.holding(engine, claim):
                return await to_thread.run_sync(_keep, engine, world, body, caller.id, claim, limiter=world.finishing)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(body.discard)


def _keep(engine: Engine, world: World, body: Body, user_id: UUID, claim: Claim | None) -> list[UUID]:
    field, value = _meant(body.texts)
    fingerprint = hashlib.sha256(f"{field} {value} {body.files[0].sha256}".encode()).digest()
    answered = _claimed(engine, claim, fingerprint)
    if answered:
        return [UUID(each) for each in json.loads(answered.body)]
    folder = Path(tempfile.mkdtemp(dir=world.spool))
    try:
        painted = pictures.reencode(body.files[0].path, folder, sizes.COVERS)
        targets = _targets(engine, field, value, user_id)
        for row, key in targets:
            _put(world, row["bucket"], key, painted)
        shown = _make_true(engine, targets, user_id, claim, fingerprint)
        world.places.forget(shown)
        return shown
    except BaseException:
        if claim:
            with database.transaction(engine, user_id=user_id) as db:
                idempotency.release(db, claim)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _claimed(engine: Engine, claim: Claim | None, fingerprint: bytes) -> Answer | None:
    """What the first request with this key was answered; None where this is the first."""
    if claim is None:
        return None
    with database.transaction(engine, user_id=claim.user_id) as db:
        return idempotency.claim(db, claim, fingerprint)


def _meant(texts: dict[str, str]) -> tuple[str, UUID]:
    """The one field that says whose cover it becomes."""
    try:
        [(field, value)] = [(name, UUID(text)) for name, text in texts.items() if text]
    except ValueError:
        raise CoverOfWhat from None
    return field, value


def _targets(engine: Engine, field: str, value: UUID, user_id: UUID) -> list[tuple[Row, str]]:
    """Whose cover it becomes, each with a key of its own: a track that is deleted takes its cover along.

    Should this process die before its last transaction, a job finds that no row names the objects.
    """
    with database.transaction(engine, user_id=user_id) as db:
        if field == "track_id":
            rows = [files.bytes_of(db, value, user_id=user_id)]
        else:
            rows = tracks.on_album(db, value, files.BYTES, user_id=user_id, limit=AT_MOST + 1)
            if len(rows) > AT_MOST:
                raise AlbumTooLarge(at_most=AT_MOST)
        if not rows:
            raise NoSuchFile
        targets = [(row, f"storage/cover/{user_id}/{ids.new()}.jpg") for row in rows]
        for row, key in targets:
            facts = {"file_id": str(row["id"]), "user_id": str(user_id), "bucket": row["bucket"], "cover_key": key}
            deleting.drop_unkept_cover.enqueue_with(db, in_seconds=UNKEPT_SECONDS, **facts)
    return targets


def _put(world: World, bucket: str, key: str, painted: Painted) -> None:
    for place, (_, path) in zip(pictures.keys(key), painted.files, strict=True):
        with path.open("rb") as data:
            world.store.put(bucket, place, data, size_bytes=path.stat().st_size, mime_type=pictures.MIME_TYPE)


def _make_true(
    engine: Engine, targets: list[tuple[Row, str]], user_id: UUID, claim: Claim | None, fingerprint: bytes
) -> list[UUID]:
    """The new covers are shown, and those before go; a track that went meanwhile leaves its new one to the job."""
    with database.transaction(engine, user_id=user_id) as db:
        locking.lock(db, user_id=user_id)
        now_shown = {row["id"]: key for row, key in targets}
        kept = files.show_covers(db, now_shown, user_id=user_id)
        old = [[row["bucket"], key] for row, _ in targets if row["id"] in kept and row["cover_key"] for key in _keys_of(row)]
        if old:
            deleting.delete_objects.enqueue(db, objects=old)
        catalogue.place(db, kept, user_id=user_id)
        if claim:
            idempotency.fulfil(db, claim, Answer(CREATED, json.dumps(kept), {}, fingerprint))
    return kept


def _keys_of(row: Row) -> list[str]:
    return pictures.keys(row["cover_key"])
