"""`/files/images`: avatars, pictures for chats, covers."""

from typing import Annotated

from fastapi import Header, Query, Request, Response

from services.media.library import pictures as rows
from services.media.models.pictures import Purpose
from services.media.playing import covers
from services.media.receiving import pictures as receiving
from services.media.routes.needs import PICTURE, FileId, Media
from services.media.routes.uploads import MULTIPART
from services.media.schemas.pictures import PictureOut, shown
from services.media.tasks.pictures import end_picture
from shared import db as database
from shared import json, paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, SignedInUncounted, shell

router = new_router()


@router.post("/files/upload/image", status_code=201, response_model=PictureOut, tags=["images"], openapi_extra=MULTIPART)
async def upload_image(
    request: Request,
    caller: SignedIn,
    media: Media,
    purpose: Purpose = Purpose.CHAT,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Keep a picture (JPEG, PNG or WebP), sent as multipart/form-data in the field `file`; it is made anew, without metadata.

    An avatar is seen by everybody who is signed in; any other picture by you, and by audiences it is shown to.
    """
    row = await receiving.take(request, shell(request).engine, media, caller, purpose=purpose, key=idempotency_key)
    body = json.dumps(shown(row, media.playables, session_id=caller.session_id))
    return Response(body, 201, media_type="application/json")


@router.get("/files/images", response_model=list[PictureOut], tags=["images"])
def list_images(
    request: Request,
    caller: SignedIn,
    media: Media,
    db: Db,
    limit: Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)] = paging.LIMIT,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Your pictures, newest first."""
    page = rows.newest(db, user_id=caller.id, limit=limit, offset=offset)
    headers = paging.headers("/files/images", request.query_params.multi_items(), total=page.total, next_cursor=None)
    body = json.dumps([shown(row, media.playables, session_id=caller.session_id) for row in page.rows])
    return Response(body, headers=headers, media_type="application/json")


@router.head("/files/images/{picture_id}", include_in_schema=False)
@router.get("/files/images/{picture_id}", response_class=Response, responses=PICTURE, tags=["images"])
def show_image(
    request: Request, caller: SignedInUncounted, picture_id: FileId, media: Media, size: covers.Size | None = None
) -> Response:
    """A picture you may see, as a JPEG; `size` is small, medium or large: 150, 300 or 600 pixels of its longer side."""
    with database.transaction(shell(request).engine, user_id=caller.id) as db:
        row = rows.bytes_for(db, picture_id, reader_id=caller.id)
    return covers.answer(request, row, media, side=covers.pixels(size))


@router.delete("/files/images/{picture_id}", status_code=204, tags=["images"])
def delete_image(caller: SignedIn, picture_id: FileId, db: Db) -> None:
    """Delete a picture of yours. Nobody sees it from then on."""
    end_picture(db, picture_id, user_id=caller.id)
