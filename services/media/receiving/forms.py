"""Uploads: what happens between the first byte of a body and the answer that its files are kept.

Room is reserved before the first byte is read. The body goes to a spool on disk, a child process says what each file is, their
rows are described, their bytes stored, and one last transaction makes all of it true: all files of a request, or none. Whatever
breaks on the way is undone here, and where this process dies, by the sweep.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request, Response
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile, TooManyParts
from services.media.library import duplicates, files
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
OK, CREATED = 200, 201
IDS = ("id", "user_id", "duplicate_of")
REPLAYED = {"Idempotent-Replayed": "true"}


class OnDuplicate(StrEnum):
    """What to do with bytes that their sender has already."""

    KEEP = "keep"  # as a file of their own; its `duplicate_of` names the older one
    SKIP = "skip"  # nothing: the answer is the file that is there, with its own id as `duplicate_of`


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a request that is to be stored."""

    file_id: UUID
    spooled: Spooled
    found: Found
    bucket: str
    key: str


@dataclass
class Upload:
    """One upload request on its way. `answered` is set where it was made before under the same Idempotency-Key."""

    caller: Caller
    claim: Claim | None
    on_duplicate: OnDuplicate = OnDuplicate.KEEP
    answered: Answer | None = None
    file_ids: list[UUID] = field(default_factory=lambda: [ids.new()])
    begun: int = 0  # how many of its objects the store may hold by now
    kept: list[Kept] = field(default_factory=list)
    answers: list[tuple[UUID, UUID | None]] = field(default_factory=list)  # the file that each became, and an older twin

    @property
    def id(self) -> UUID:
        """The id of its first file, which names it while it is on its way."""
        return self.file_ids[0]


async def take(
    request: Request,
    engine: Engine,
    world: World,
    caller: Caller,
    *,
    key: str | None,
    on_duplicate: OnDuplicate = OnDuplicate.KEEP,
    single: bool = False,
) -> Response:
    """Answer one upload request; `key` is its Idempotency-Key. A `single` one has one file, and one as its answer."""
    bounds = world.bounds(world.settings.max_file_bytes + FRAMING_BYTES)
    declared = reception.declared_bytes(request, bounds)
    claim = Claim(caller.id, f"POST {request.url.path}", key) if key is not None else None
    upload = Upload(caller, claim, on_duplicate)
    body = Body(request.headers.get("content-type", ""), world.spool, str(upload.id))
    async with world.arrivals.place(caller.id, declared) as arrival:
        await to_thread.run_sync(begin, engine, world, upload, declared)
        try:
            with idempotency.holding(engine, claim):
                if not upload.answered:
                    await to_thread.run_sync(world.store.expect_bytes)
                await reception.receive(request, body.write, bounds, arrival=arrival)
                body.close()
                if single and len(body.files) > 1:
                    raise TooManyParts(at_most=1)
                rows = await to_thread.run_sync(finish, engine, world, upload, body, limiter=world.finishing)
        except BaseException:
            with CancelScope(shield=True):
                await to_thread.run_sync(abandon, engine, world, upload)
            raise
        finally:
            body.discard()
    addresses = world.playables.of(caller.id, caller.session_id)
    made = [shown(row, addresses) for row in rows]
    is_new = any(row["duplicate_of"] != row["id"] for row in rows)
    replayed = REPLAYED if upload.answered else None
    return Response(json.dumps(made[0] if single else made), CREATED if is_new else OK, replayed, "application/json")


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
    fingerprint = _fingerprint(body, upload.on_duplicate)
    if upload.answered:
        idempotency.same(upload.answered, fingerprint)
        return _kept_rows(upload.answered)
    found = [inspection.probe(each.path, filename=each.filename) for each in body.files]
    _describe(engine, world, upload, body.files, found)
    for each in upload.kept:
        upload.begun += 1
        with each.spooled.path.open("rb") as data:
            size_bytes, mime_type = each.spooled.size_bytes, each.found.mime_type
            world.store.put(each.bucket, each.key, data, size_bytes=size_bytes, mime_type=mime_type)
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
                deleting.delete_objects.enqueue(db, objects=[[each.bucket, each.key] for each in upload.kept[: upload.begun]])
            if upload.claim:
                idempotency.release(db, upload.claim)
    except (Problem, SQLAlchemyError) as reason:
        log(__name__).warning("upload.left_to_the_sweep", file_id=str(upload.id), reason=repr(reason)[:200])


def _describe(engine: Engine, world: World, upload: Upload, spooled: list[Spooled], found: list[Found]) -> None:
    """The real sizes instead of the reserved ones, and where each object will be, before any is written."""
    user_id = upload.caller.id
    with database.transaction(engine, user_id=user_id) as db:
        if not files.still_uploading(db, upload.file_ids, user_id=user_id):
            raise NoSuchFile  # given up by the sweep, or the account is deleted
        files.forget(db, upload.file_ids, user_id=user_id)
        older = duplicates.older(db, [each.sha256 for each in spooled], user_id=user_id)
        for each, kind in zip(spooled, found, strict=True):
            twin = older.get(each.sha256)
            if twin and upload.on_duplicate == OnDuplicate.SKIP:
                upload.answers.append((twin, twin))
                continue
            file_id = ids.new() if upload.kept else upload.id
            key = f"storage/audio/{user_id}/{file_id}.{kind.extension}"
            upload.kept.append(Kept(file_id, each, kind, world.settings.storage_bucket, key))
            upload.answers.append((file_id, twin))
            older.setdefault(each.sha256, file_id)
        upload.file_ids = [each.file_id for each in upload.kept] or upload.file_ids
        total = sum(each.spooled.size_bytes for each in upload.kept)
        quota.reserve(db, total, user_id=user_id, quota_bytes=world.settings.quota_bytes)
        for kept in upload.kept:
            _intend(db, kept, user_id)


def _intend(db: Session, kept: Kept, user_id: UUID) -> None:
    files.intend(db, kept.file_id, user_id=user_id, reserved_bytes=kept.spooled.size_bytes)
    files.describe(
        db,
        kept.file_id,
        user_id=user_id,
        filename=kept.spooled.filename,
        duration=kept.found.duration,
        mime_type=kept.found.mime_type,
        bucket=kept.bucket,
        object_key=kept.key,
        sha256=kept.spooled.sha256,
    )


def _make_true(engine: Engine, upload: Upload, fingerprint: bytes) -> list[Row]:
    """All of it at once. The answer is kept for repetitions as rows: no playable address is ever stored."""
    user_id = upload.caller.id
    with database.transaction(engine, user_id=user_id) as db:
        for each in upload.kept:
            files.become(db, each.file_id, State.PROCESSING, user_id=user_id)
            processing.read_tags.enqueue(db, file_id=str(each.file_id), user_id=str(user_id))
        rows = [files.show(db, file_id, user_id=user_id) | {"duplicate_of": twin} for file_id, twin in upload.answers]
        if upload.claim:
            idempotency.fulfil(db, upload.claim, Answer(CREATED, json.dumps(rows), {}, fingerprint))
    return rows


def _kept_rows(answer: Answer) -> list[Row]:
    rows: list[Row] = json.loads(answer.body)
    return [row | {name: UUID(row[name]) for name in IDS if row[name]} for row in rows]


def _fingerprint(body: Body, on_duplicate: OnDuplicate) -> bytes:
    facts = [(each.filename, each.size_bytes, each.sha256) for each in body.files]
    return hashlib.sha256(json.dumps([on_duplicate, facts])).digest()
