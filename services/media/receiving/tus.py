"""Resumable uploads as tus 1.0 has them: from a request to an answer. The rows are `resumable`, the bytes `parts`."""

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request, Response
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError, TimeoutError

from services.media.errors import BadTusHeader, LengthExceeded, StoreUnavailable, UploadLocked
from services.media.models.receiving import Progress
from services.media.receiving import protocol, resumable
from services.media.receiving.parts import Parts
from services.media.receiving.resumable import Row
from services.media.settings import Settings
from services.media.tasks import joining
from services.media.world import World
from shared import db as database
from shared import idempotency, ids, json
from shared.errors import Problem, TooSlow
from shared.fastapi_app import reception
from shared.fastapi_app.app import problem
from shared.fastapi_app.reception import BodyCutOff
from shared.fastapi_app.strict import StrictRoute
from shared.idempotency import Answer, Claim
from shared.identity import Caller
from shared.logs import log

PATH = "/files/tus"
CREATED, NO_CONTENT = 201, 204
REPLAYED = {"Idempotent-Replayed": "true"}


class TusRoute(StrictRoute):
    """Every answer names the version, a refusal too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the strict handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await handler(request)
            except Problem as raised:
                response = problem(raised)
            response.headers["Tus-Resumable"] = protocol.VERSION
            return response

        return handle


def told(settings: Settings) -> dict[str, str]:
    """What OPTIONS answers."""
    return {
        "Tus-Version": protocol.VERSION,
        "Tus-Extension": protocol.EXTENSIONS,
        "Tus-Max-Size": str(settings.max_file_bytes),
        "Tus-Checksum-Algorithm": ",".join(protocol.ALGORITHMS),
    }


async def create(request: Request, engine: Engine, world: World, caller: Caller, *, key: str | None) -> Response:
    """Begin an upload, with its first bytes where the request brings any."""
    protocol.check_version(request.headers)
    brings = request.headers.get("content-length") != "0" and (
        "content-length" in request.headers or "transfer-encoding" in request.headers
    )
    if brings:
        protocol.check_type(request.headers)
    row, replayed = await to_thread.run_sync(_begin, request, engine, world, caller, key)
    more = {"Location": f"{PATH}/{row['id']}"} | (REPLAYED if replayed else {})
    if brings and not replayed:
        row = await _take(request, engine, world, row["id"], caller, offset=0, length_bytes=None)
    return Response(status_code=CREATED, headers=state(row) | more)


async def patch(request: Request, engine: Engine, world: World, caller: Caller, upload_id: UUID) -> Response:
    """Take more bytes of an upload."""
    protocol.check_version(request.headers)
    protocol.check_type(request.headers)
    offset = protocol.number(request.headers, "Upload-Offset")
    if offset is None:
        raise BadTusHeader(header="Upload-Offset")
    length_bytes = protocol.number(request.headers, "Upload-Length")
    row = await _take(request, engine, world, upload_id, caller, offset=offset, length_bytes=length_bytes)
    return Response(status_code=NO_CONTENT, headers=state(row))


def look(engine: Engine, upload_id: UUID, *, user_id: UUID) -> Row:
    """How far it has come. Waits for nobody who is sending."""
    with database.transaction(engine, user_id=user_id) as db:
        return resumable.find(db, upload_id, user_id=user_id)


def go_on(engine: Engine, world: World, upload_id: UUID, *, user_id: UUID) -> Row:
    """The same for whoever is about to send the rest. Raises UploadLocked where that would be refused just now.

    tus-js-client waits only for an upload that is locked: after any other refusal of this question it begins a new upload.
    """
    try:
        row = look(engine, upload_id, user_id=user_id)
        if row["progress"] == Progress.RECEIVING:
            world.store.expect_bytes()
    except (StoreUnavailable, OperationalError, InterfaceError, TimeoutError) as reason:
        raise UploadLocked from reason
    return row


def end(request: Request, engine: Engine, upload_id: UUID, *, user_id: UUID) -> Response:
    """Give it up, and everything that is here of it."""
    protocol.check_version(request.headers)
    with database.transaction(engine, user_id=user_id) as db:
        resumable.end(db, upload_id, user_id=user_id)
        joining.drop_parts.enqueue(db, upload_id=str(upload_id), user_id=str(user_id))
    return Response(status_code=NO_CONTENT)


def state(row: Row) -> dict[str, str]:
    """An upload as headers. `Tutti-File-Id` is ours: which file it has become, or is about to."""
    headers = {
        "Upload-Offset": str(row["received_bytes"]),
        "Upload-Expires": protocol.instant(row["expires_at"]),
        "Cache-Control": "no-store",
    }
    if row["length_bytes"] is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(row["length_bytes"])
    if row["metadata_header"]:
        headers["Upload-Metadata"] = row["metadata_header"]
    if row["file_id"]:
        headers["Tutti-File-Id"] = str(row["file_id"])
    return headers


def _begin(request: Request, engine: Engine, world: World, caller: Caller, key: str | None) -> tuple[Row, bool]:
    """The row of a new upload; or of the one that the first request with this key began, and True."""
    length_bytes = _length(request)
    metadata = request.headers.get("upload-metadata", "")
    filename = protocol.filename(protocol.metadata(request.headers))
    claim = Claim(caller.id, f"POST {PATH}", key) if key is not None else None
    fingerprint = hashlib.sha256(json.dumps([length_bytes, metadata])).digest()
    with database.transaction(engine, user_id=caller.id) as db:
        answered = idempotency.claim(db, claim, fingerprint) if claim else None
        if answered:
            return resumable.find(db, UUID(json.loads(answered.body)), user_id=caller.id), True
        facts: dict[str, Any] = {"length_bytes": length_bytes, "metadata": metadata, "filename": filename}
        row = resumable.begin(db, world.settings, user_id=caller.id, **facts)
        file_id = joining.complete(db, row["id"], user_id=caller.id)  # of no bytes at all
        if claim:
            idempotency.fulfil(db, claim, Answer(CREATED, json.dumps(row["id"]), {}, fingerprint))
    return row | {"file_id": file_id}, False


def _length(request: Request) -> int | None:
    """Upload-Length, or None where it comes later."""
    length_bytes, deferred = protocol.number(request.headers, "Upload-Length"), request.headers.get("upload-defer-length")
    if deferred is not None and deferred != "1":
        raise BadTusHeader(header="Upload-Defer-Length")
    if (length_bytes is None) == (deferred is None):
        raise BadTusHeader(header="Upload-Length")
    return length_bytes


async def _take(
    request: Request, engine: Engine, world: World, upload_id: UUID, caller: Caller, *, offset: int, length_bytes: int | None
) -> Row:
    """Everything that this request brings."""
    checksum, holder = protocol.checksum(request.headers), ids.new()
    bounds = world.bounds(world.settings.max_file_bytes)
    declared = reception.declared_bytes(request, bounds)
    await to_thread.run_sync(world.store.expect_bytes)
    async with world.arrivals.place(caller.id, declared) as arrival:
        row = await to_thread.run_sync(_hold, engine, world, upload_id, caller.id, holder, offset, length_bytes, declared)
        left = _left(row)
        bounds = replace(bounds, at_most=left, too_large=LengthExceeded(upload_length=row["length_bytes"]))
        parts = Parts(engine, world, row, holder, checksum)
        try:
            await reception.receive(request, parts.write, bounds, limiter=world.storing, keep_rest=True, arrival=arrival)
            await to_thread.run_sync(parts.end, limiter=world.storing)
        except Problem as raised:
            if isinstance(raised, BodyCutOff | TooSlow):
                await to_thread.run_sync(_keep, parts, limiter=world.storing)
            raise
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(parts.discard)
    return parts.upload


def _hold(
    engine: Engine,
    world: World,
    upload_id: UUID,
    user_id: UUID,
    holder: UUID,
    offset: int,
    length_bytes: int | None,
    declared: int | None,
) -> Row:
    with database.transaction(engine, user_id=user_id) as db:
        row = resumable.hold(
            db, world.settings, upload_id, user_id=user_id, holder=holder, offset=offset, length_bytes=length_bytes
        )
        if declared is not None and declared > _left(row):
            raise LengthExceeded(upload_length=row["length_bytes"])
    return row


def _left(row: Row) -> int:
    """How many bytes may still come; where the length is deferred, as many as are reserved."""
    most: int = row["reserved_bytes"] if row["length_bytes"] is None else row["length_bytes"]
    return most - int(row["received_bytes"])


def _keep(parts: Parts) -> None:
    """The sender is gone, so nobody hears of what fails here; it sends that part again."""
    try:
        parts.keep()
    except (Problem, SQLAlchemyError) as reason:
        log(__name__).warning("part.not_kept", upload_id=str(parts.upload["id"]), reason=repr(reason)[:200])
