"""`/play/{token}`: addresses that play by themselves, for `<audio>` and `<img>`, which send no Authorization header."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from services.media.library import pictures
from services.media.playing import covers, transcodes
from services.media.routes.needs import Media
from services.media.schemas.files import Sound
from shared import db as database
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import shell

router = new_router()

BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/*": {}, "image/jpeg": {}}}, 206: {}, 304: {}}


@router.head("/play/{token}", include_in_schema=False)
@router.get("/play/{token}", response_class=Response, responses=BYTES, tags=["play"])
def play(request: Request, token: str, media: Media, sound: Annotated[Sound, Query()]) -> Response:
    """What a playable address stands for. Pages of any origin may use it: whoever has the address has the right."""
    capability = media.playables.open(token)
    if capability.what == "picture":
        with database.transaction(shell(request).engine, user_id=capability.user_id) as db:
            picture = pictures.bytes_for(db, capability.file_id, reader_id=capability.user_id)
        return covers.answer(request, picture, media, resources="cross-origin", kept=covers.KEPT_HOURS)
    file = media.places.find(shell(request).engine, capability.file_id, user_id=capability.user_id)
    if capability.what == "stream":
        listener = capability.user_id
        return transcodes.answer(request, file, media, listener=listener, resources="cross-origin", **dict(sound))
    side = covers.PIXELS[capability.what]
    return covers.answer(request, file, media, side=side, resources="cross-origin", kept=covers.KEPT_HOURS)
