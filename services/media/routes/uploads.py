"""`/files/upload`: audio in forms; what room there is for it, and what is there twice."""

from typing import Annotated, Any

from fastapi import Header, Query, Request, Response

from services.media.library import duplicates
from services.media.receiving import forms, quota
from services.media.receiving.forms import OnDuplicate
from services.media.routes.needs import Media
from services.media.schemas.files import StorageOut, UploadedOut, shown
from shared import json
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, shell

router = new_router()

MULTIPART: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}


@router.post(
    "/files/upload",
    status_code=201,
    response_model=list[UploadedOut],
    tags=["files"],
    openapi_extra=MULTIPART,
)
async def upload_files(
    request: Request,
    caller: SignedIn,
    media: Media,
    on_duplicate: OnDuplicate = OnDuplicate.KEEP,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Keep one or several audio files, sent as multipart/form-data in the field `file`: all of them, or none.

    What each is, its content decides. Once a file is ready, within seconds, it plays and has its tags and cover.
    Bytes that you have already are kept once more, and `duplicate_of` says so; with `on_duplicate=skip` they are not.
    """
    return await forms.take(request, shell(request).engine, media, caller, key=idempotency_key, on_duplicate=on_duplicate)


@router.post(
    "/files/upload/audio",
    status_code=201,
    response_model=UploadedOut,
    responses={200: {"model": UploadedOut}},
    tags=["files"],
    openapi_extra=MULTIPART,
)
async def upload_audio(
    request: Request,
    caller: SignedIn,
    media: Media,
    on_duplicate: OnDuplicate = OnDuplicate.KEEP,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """The same for one file, which the answer then is."""
    engine = shell(request).engine
    return await forms.take(request, engine, media, caller, key=idempotency_key, on_duplicate=on_duplicate, single=True)


@router.get("/files/storage/info", response_model=StorageOut, tags=["files"])
def show_storage(caller: SignedIn, db: Db, media: Media) -> dict[str, Any]:
    """How much of your room is taken; what is on its way counts."""
    return quota.told(quota.used(db, user_id=caller.id), media.settings.quota_bytes)


@router.get("/files/duplicates", response_model=list[UploadedOut], tags=["files"])
def list_duplicates(
    caller: SignedIn,
    db: Db,
    media: Media,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Your files whose bytes an older one of yours has too, the same bytes beside each other."""
    rows = duplicates.listed(db, user_id=caller.id, limit=limit, offset=offset)
    addresses = media.playables.of(caller.id, caller.session_id)
    body = json.dumps([shown(row, addresses) for row in rows])
    return Response(body, media_type="application/json")
