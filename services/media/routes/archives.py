"""`/files/exports`: the archive of everything that is yours."""

from typing import Any

from fastapi import Request, Response

from services.media.leaving import archives
from services.media.playing import downloads
from services.media.routes.needs import FileId, Media
from shared import clock
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import SignedIn, shell

router = new_router()

ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


@router.get("/files/exports/{task_id}", response_class=Response, responses=ZIP, tags=["files"])
def download_archive(request: Request, caller: SignedIn, task_id: FileId, media: Media) -> Response:
    """Everything that is yours as a ZIP: what is known of you as JSON, your audio, your pictures. Ask at `/api/user/export`."""
    found = archives.parts(media.store, media.settings, task_id, user_id=caller.id)
    engine = shell(request).engine
    sent = archives.entries(engine, media.store, media.settings, found, user_id=caller.id)
    return downloads.Zip(sent, media, name=f"tutti-{clock.now().date()}", user_id=caller.id)
