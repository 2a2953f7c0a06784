"""Uploads: what happens between the first byte of a body and the answer that its files are kept.

Room is reserved before the first byte is read. The body goes to a spool on disk, a child process says what each file is, their
rows are described, their bytes stored, and one last transaction makes all of it true: all files of a request, or none. Whatever
breaks on the way is undone here, and where this process dies, by the sweep.
"""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request, Response
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.media.errors import NoSuchFile
from services.media.library import files
from services.media.library.files import Row
from services.media.models.files import State
from services.media.processing import inspection
from services.media.processing.inspection import Found
from services.media.receiving import quota
from services.media.receiving.multipart import Body
from services.media.receiving.spool import Spooled
from services.media.schemas.files import shown
from services.media.tasks import deleting, processing
from services.media.world import World
from shared import db as database
from shared import idempotency, ids, json
from shared.errors import Problem
from shared.fastapi_app import reception
from shared.idempotency import Answer, Claim
from shared.identity import Caller
from shared.logs import log

FRAMING_BYTES = 4096  # of a multipart body that are not its file, about: not reserved
CREATED = 201
REPLAYED = {"Idempotent-Replayed": "true"}


@dataclass
class Upload:
    """One upload request on its way. `answered` is set where it was made before under the same Idempotency-Key."""

    caller: Caller
    claim: Claim | None
    answered: Answer | None = None
    file_ids: list[UUID] = field(default_factory=lambda: [ids.new()])
    begun: int = 0  # how many of its objects the store may hold by now
    places: list[tuple[str, str]] = field(default_factory=list)  # bucket and key of each of its objects

    @property
    def id(self) -> UUID:
        """The id of its first file, which names it while it is on its way."""
        return self.file_ids[0]


async def take(request: Request, engine: Engine, world: World, caller: Caller, *, key: str | None) -> Response:
    """Answer one upload request; `key` is its Idempotency-Key."""
    bounds = world.bounds(world.settings.max_file_bytes + FRAMING_BYTES)
    declared = reception.declared_bytes(request, bounds)
    claim = Claim(caller.id, "POST /files/upload", key) if key is not None else None
    upload = Upload(caller, claim)
    body = Body(request.headers.get("content-type", ""), world.spool, str(upload.id))
    async with world.arrivals.place(caller.id, declared):
        await to_thread.run_sync(begin, engine, world, upload, declared)
        try:
            with idempotency.holding(engine, claim):
                await reception.receive(request, body.write, bounds)
                body.close()
                rows = await to_thread.run_sync(finish, engine, world, upload, body, limiter=world.finishing)
        except BaseException:
            with CancelScope(shield=True):
                await to_thread.run_sync(abandon, engine, world, upload)
            raise
        finally:
            body.discard()
    made = json.dumps([shown(row, world.playables, session_id=caller.session_id) for row in rows])
    return Response(made, CREATED, REPLAYED if upload.answered else None, "application/json")


def begin(engine: Engine, world: World, upload: Upload, declared_bytes: int | None) -> None:
    """The first transaction: reserve room for what is coming. Raises QuotaExceeded, StillInProgress."""
    user_id, settings = upload.caller.id, world.settings
    with database.transaction(engine, user_id=user_id) as db:
        if upload.claim:
            upload.answered = idempotency.claim(db, upload.claim)
        if upload.answered:
            return
        if declared_bytes is None:
            reserved = quota.room(db, at_most=settings.max_file_bytes, user_id=user_id, quota_bytes=settings.quota_bytes)
        else:
            reserved = max(1, declared_bytes - FRAMING_BYTES)
        quota.reserve(db, reserved, user_id=user_id, quota_bytes=settings.quota_bytes)
        files.intend(db, upload.id, user_id=user_id, reserved_bytes=reserved)


def finish(engine: Engine, world: World, upload: Upload, body: Body) -> list[Row]:
    """The body is here: look at it, store it, make it true; the rows of its files, as they were the first time.

    Raises NotAudio, Undecodable, QuotaExceeded, StoreUnavailable, KeyReused.
    """
    fingerprint = _fingerprint(body)
    if upload.answered:
        idempotency.same(upload.answered, fingerprint)
        return _kept_rows(upload.answered)
    found = [inspection.probe(each.path, filename=each.filename) for each in body.files]
    places = _describe(engine, world, upload, body.files, found)
    for spooled, kind, (bucket, key) in zip(body.files, found, places, strict=True):
        upload.begun += 1
        with spooled.path.open("rb") as data:
            world.store.put(bucket, key, data, size_bytes=spooled.size_bytes, mime_type=kind.mime_type)
    return _make_true(engine, upload, fingerprint)


def abandon(engine: Engine, world: World, upload: Upload) -> None:
    """Undo whatever was done; jobs delete objects, since the store may be what failed. What is left, the sweep finds."""
    if upload.answered:
        return
    user_id = upload.caller.id
    try:
        with database.transaction(engine, user_id=user_id) as db:
            # A commit whose answer was lost may have made them true: such files are left alone.
            for file_id in files.still_uploading(db, upload.file_ids[: upload.begun], user_id=user_id):
                deleting.end_file(db, file_id, user_id=user_id)
            files.forget(db, upload.file_ids[upload.begun :], user_id=user_id)
            # What has no row any more (the account is deleted) may have been stored after its objects were looked for.
            rowless = files.unknown(db, upload.file_ids[: upload.begun], user_id=user_id)
            if rowless:
                deleting.delete_objects.enqueue(db, objects=[list(place) for place in upload.places[: upload.begun]])
            if upload.claim:
                idempotency.release(db, upload.claim)
    except (Problem, SQLAlchemyError) as reason:
        log(__name__).warning("upload.left_to_the_sweep", file_id=str(upload.id), reason=repr(reason)[:200])


def _describe(
    engine: Engine, world: World, upload: Upload, spooled: list[Spooled], found: list[Found]
) -> list[tuple[str, str]]:
    """The real sizes instead of the reserved ones, and where each object will be, before any is written."""
    user_id, bucket = upload.caller.id, world.settings.storage_bucket
    with database.transaction(engine, user_id=user_id) as db:
        if not files.still_uploading(db, upload.file_ids, user_id=user_id):
            raise NoSuchFile  # given up by the sweep, or the account is deleted
        files.forget(db, upload.file_ids, user_id=user_id)
        total = sum(each.size_bytes for each in spooled)
        quota.reserve(db, total, user_id=user_id, quota_bytes=world.settings.quota_bytes)
        upload.file_ids += [ids.new() for _ in spooled[1:]]
        for file_id, each, kind in zip(upload.file_ids, spooled, found, strict=True):
            key = f"storage/audio/{user_id}/{file_id}.{kind.extension}"
            upload.places.append((bucket, key))
            files.intend(db, file_id, user_id=user_id, reserved_bytes=each.size_bytes)
            files.describe(
                db,
                file_id,
                user_id=user_id,
                filename=each.filename,
                duration=kind.duration,
                mime_type=kind.mime_type,
                bucket=bucket,
                object_key=key,
                sha256=each.sha256,
            )
    return upload.places


def _make_true(engine: Engine, upload: Upload, fingerprint: bytes) -> list[Row]:
    """All of it at once. The answer is kept for repetitions as rows: no playable address is ever stored."""
    user_id = upload.caller.id
    with database.transaction(engine, user_id=user_id) as db:
        for file_id in upload.file_ids:
            files.become(db, file_id, State.PROCESSING, user_id=user_id)
            processing.read_tags.enqueue(db, file_id=str(file_id), user_id=str(user_id))
        rows = [files.show(db, file_id, user_id=user_id) for file_id in upload.file_ids]
        if upload.claim:
            idempotency.fulfil(db, upload.claim, Answer(CREATED, json.dumps(rows), {}, fingerprint))
    return rows


def _kept_rows(answer: Answer) -> list[Row]:
    rows: list[Row] = json.loads(answer.body)
    return [row | {name: UUID(row[name]) for name in ("id", "user_id")} for row in rows]


def _fingerprint(body: Body) -> bytes:
    facts = [(each.filename, each.size_bytes, each.sha256) for each in body.files]
    return hashlib.sha256(json.dumps(facts)).digest()
