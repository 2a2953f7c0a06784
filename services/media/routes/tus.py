"""`/files/tus`: resumable uploads, as tus 1.0 has them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BeforeValidator

from services.media.errors import BadTusHeader, NoSuchUpload
from services.media.receiving import protocol, tus
from services.media.routes.needs import Media
from services.media.schemas.uploads import UploadOut
from shared import json
from shared.fastapi_app.guards import SignedIn, SignedInUncounted, id_or, shell

BYTES = {"requestBody": {"content": {protocol.OFFSET_STREAM: {"schema": {"type": "string", "format": "binary"}}}}}


def _upload_id(text: str) -> UUID:
    return id_or(NoSuchUpload, text)


UploadId = Annotated[UUID, BeforeValidator(_upload_id)]
router = APIRouter(route_class=tus.TusRoute, redirect_slashes=False)


@router.options("/files/tus", status_code=204, include_in_schema=False)
@router.options("/files/tus/{upload_id}", status_code=204, include_in_schema=False)
def tell_what_is_spoken(media: Media) -> Response:
    """What of tus is spoken here."""
    return Response(status_code=204, headers=tus.told(media.settings))


@router.post("/files/tus", status_code=201, response_class=Response, openapi_extra=BYTES, tags=["uploads"])
async def begin_upload(
    request: Request, caller: SignedIn, media: Media, idempotency_key: Annotated[str | None, Header()] = None
) -> Response:
    """Begin a resumable upload (tus 1.0) of one audio file; `Location` is where its bytes go.

    Room for all of it is reserved. When the last byte is here it becomes a file, whose id `Tutti-File-Id` tells.
    """
    return await tus.create(request, shell(request).engine, media, caller, key=idempotency_key)


@router.head("/files/tus/{upload_id}", include_in_schema=False)
def tell_offset(request: Request, caller: SignedInUncounted, upload_id: UploadId, media: Media) -> Response:
    """From where an upload goes on, as headers."""
    protocol.check_version(request.headers)
    return Response(headers=tus.state(tus.go_on(shell(request).engine, media, upload_id, user_id=caller.id)))


@router.get("/files/tus/{upload_id}", response_model=UploadOut, tags=["uploads"])
def show_upload(request: Request, caller: SignedInUncounted, upload_id: UploadId) -> Response:
    """How far an upload has come."""
    row = tus.look(shell(request).engine, upload_id, user_id=caller.id)
    shown = {name: row[name] for name in UploadOut.model_fields}
    return Response(json.dumps(shown), headers={"Cache-Control": "no-store"}, media_type="application/json")


@router.patch("/files/tus/{upload_id}", status_code=204, response_class=Response, openapi_extra=BYTES, tags=["uploads"])
async def send_bytes(request: Request, caller: SignedInUncounted, upload_id: UploadId, media: Media) -> Response:
    """Send more bytes of an upload, from `Upload-Offset` on. What arrives stays, also where the connection breaks."""
    return await tus.patch(request, shell(request).engine, media, caller, upload_id)


@router.delete("/files/tus/{upload_id}", status_code=204, response_class=Response, tags=["uploads"])
def give_upload_up(request: Request, caller: SignedIn, upload_id: UploadId) -> Response:
    """Give an upload up, with everything that is here of it."""
    return tus.end(request, shell(request).engine, upload_id, user_id=caller.id)


@router.post("/files/tus/{upload_id}", status_code=204, response_class=Response, openapi_extra=BYTES, tags=["uploads"])
async def send_otherwise(request: Request, caller: SignedIn, upload_id: UploadId, media: Media) -> Response:
    """PATCH and DELETE for clients that can only POST: `X-HTTP-Method-Override` names which."""
    meant = request.headers.get("x-http-method-override", "").upper()
    if meant == "PATCH":
        return await send_bytes(request, caller, upload_id, media)
    if meant == "DELETE":
        return await run_in_threadpool(give_upload_up, request, caller, upload_id)
    raise BadTusHeader(header="X-HTTP-Method-Override")
