"""`/files`: list, look at and delete audio."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.media.library import files
from services.media.models.files import LIBRARY, Kind
from services.media.routes.needs import FileId, Media
from services.media.schemas.files import FileOut, shown
from services.media.tasks import deleting
from shared import db as database
from shared import json, paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, shell

router = new_router()


@router.get("/files", response_model=list[FileOut], tags=["files"])
def list_files(
    request: Request,
    caller: SignedIn,
    media: Media,
    kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=paging.ALL)] = paging.ALL,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    cursor: str | None = None,
) -> Response:
    """Your files, newest first: what you uploaded and what was made for you; recordings with `kind=recording`."""
    after = paging.position(cursor) if cursor else None
    kinds = [kind] if kind else LIBRARY
    with database.transaction(shell(request).engine, user_id=caller.id) as db:
        page = files.newest(db, user_id=caller.id, kinds=kinds, limit=limit, offset=offset or skip, after=after)
    following = paging.cursor(page.rows[-1]["created_at"], page.rows[-1]["id"]) if page.has_more else None
    headers = paging.headers("/files", request.query_params.multi_items(), total=page.total, next_cursor=following)
    addresses = media.playables.of(caller.id, caller.session_id)
    body = json.dumps([shown(row, addresses) for row in page.rows])
    return Response(body, headers=headers, media_type="application/json")


@router.get("/files/{file_id}", response_model=FileOut, tags=["files"])
def show_file(caller: SignedIn, file_id: FileId, db: Db, media: Media) -> Response:
    """One of your files."""
    row = files.show(db, file_id, user_id=caller.id)
    body = json.dumps(shown(row, media.playables.of(caller.id, caller.session_id)))
    return Response(body, media_type="application/json")


@router.delete("/files/{file_id}", status_code=204, tags=["files"])
def delete_file(caller: SignedIn, file_id: FileId, db: Db, media: Media) -> None:
    """Delete a file. It is gone from every list at once and plays no more, on another replica within a second; a job deletes
    its bytes.
    """
    file = deleting.delete_file(db, file_id, user_id=caller.id)
    database.after_commit(db, lambda: media.drop(file))
