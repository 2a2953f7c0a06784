"""What was made of files: waveforms, and covers that are made anew."""

from typing import Annotated, Any

from fastapi import Header, Request, Response

from services.media.library import readers, waveforms
from services.media.receiving import covers
from services.media.routes.needs import FileId, Media
from services.media.schemas.waveforms import CoveredOut, WaveformOut
from shared import db as database
from shared import json
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import SignedIn, shell

router = new_router()

RAW = "application/octet-stream"
WAVEFORM: dict[int | str, dict[str, Any]] = {200: {"content": {RAW: {"schema": {"type": "string", "format": "binary"}}}}}
COVER = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "track_id": {"type": "string", "format": "uuid"},
                        "album_id": {"type": "string", "format": "uuid"},
                    },
                }
            }
        },
    }
}


@router.get("/files/{file_id}/waveform", response_model=WaveformOut, responses=WAVEFORM, tags=["files"])
def show_waveform(request: Request, caller: SignedIn, file_id: FileId) -> Response:
    """What a player draws: about 1,000 buckets, least and greatest level of each by turns, in 1/127 of full scale.

    With `Accept: application/octet-stream` the same as signed bytes. It is there soon after the file is ready.
    """
    with database.transaction(shell(request).engine, user_id=caller.id) as db:
        owner = readers.bytes_of(db, file_id, user_id=caller.id)["user_id"]
        peaks = waveforms.find(db, file_id, user_id=owner)
    if request.headers.get("accept") == RAW:
        return Response(peaks, media_type=RAW)
    levels = memoryview(peaks).cast("b").tolist()
    return Response(json.dumps({"buckets": len(levels) // 2, "peaks": levels}), media_type="application/json")


@router.post("/files/upload/cover", status_code=201, response_model=CoveredOut, openapi_extra=COVER, tags=["files"])
async def upload_cover(
    request: Request, caller: SignedIn, media: Media, idempotency_key: Annotated[str | None, Header()] = None
) -> CoveredOut:
    """Put a picture (JPEG, PNG or WebP) on one of your tracks, or on every track of one of your albums.

    It is sent as multipart/form-data in the field `file`, with `track_id` or `album_id`. Sending it again changes nothing.
    """
    shown = await covers.take(request, shell(request).engine, media, caller, key=idempotency_key)
    url = media.playables.url(shown[0], "cover", user_id=caller.id, session_id=caller.session_id) if shown else None
    return CoveredOut(file_ids=shown, cover_url=url)
