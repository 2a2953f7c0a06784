"""`/internal`: what other services ask of media. The gateway never routes here."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request, Response

from services.media.errors import NoSuchFile
from services.media.leaving import parts
from services.media.library import files, readers
from services.media.models.files import Kind
from services.media.playing import streams
from services.media.receiving import handed, recordings, running
from services.media.routes.needs import Media
from services.media.schemas.files import NewAddresses, RecordingOut
from services.media.schemas.handed import HandedFile, Made, NewFile
from services.media.tasks import chunks, deleting
from shared import db as database
from shared import json
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Internal, InternalDb, shell

router = new_router()

KEPT = (
    "id",
    "kind",
    "status",
    "filename",
    "title",
    "duration",
    "file_size",
    "mime_type",
)  # told of a file that was handed over


@router.put(
    "/internal/recordings/{session_id}",
    response_model=RecordingOut,
    include_in_schema=False,
)
async def keep_recording(request: Request, session_id: UUID, caller: Internal, media: Media) -> Response:
    """Store the recording of a practice session of the user it is called for; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    row = await recordings.take(request, shell(request).engine, media, session_id=session_id, user_id=caller.user_id)
    return Response(json.dumps(row), media_type="application/json")


@router.put("/internal/recordings/{session_id}/chunks/{number}", status_code=204, include_in_schema=False)
async def keep_chunk(
    request: Request, session_id: UUID, number: Annotated[int, Path(ge=0)], caller: Internal, media: Media
) -> None:
    """Store a piece of the recording of a practice session that is still running; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    await running.take(request, shell(request).engine, media, session_id, number, user_id=caller.user_id)


@router.post("/internal/recordings/{session_id}/join", response_model=RecordingOut, include_in_schema=False)
async def join_chunks(request: Request, session_id: UUID, caller: Internal, media: Media) -> Response:
    """Make one recording of the pieces that there are; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    row = await running.join(shell(request).engine, media, session_id, user_id=caller.user_id)
    return Response(json.dumps(row), media_type="application/json")


@router.delete("/internal/recordings/{session_id}/chunks", status_code=204, include_in_schema=False)
def drop_chunks(session_id: UUID, caller: Internal, db: InternalDb) -> None:
    """Throw away the pieces of a recording, if there are any; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    chunks.drop(db, session_id, user_id=caller.user_id)


@router.get("/internal/recordings/{file_id}/bytes", include_in_schema=False)
def read_recording(request: Request, file_id: UUID, caller: Internal, media: Media) -> Response:
    """A recording as it was stored, for whoever analyses it; by the id of its file. Ranges are answered too."""
    if caller.user_id is None:
        raise NoSuchFile
    with database.transaction(shell(request).engine, user_id=caller.user_id) as db:
        row = files.bytes_of(db, file_id, user_id=caller.user_id)
    return streams.answer(request, row, media)


@router.put("/internal/files", include_in_schema=False)
async def keep_file(request: Request, facts: Annotated[HandedFile, Query()], caller: Internal, media: Media) -> Response:
    """Keep a song or an episode that the body is, for the user it is called for; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    row = await handed.take(request, shell(request).engine, media, facts, user_id=caller.user_id)
    return Response(json.dumps({name: row[name] for name in KEPT}), media_type="application/json")


@router.post("/internal/files", include_in_schema=False)
def keep_data_url(request: Request, new: NewFile, caller: Internal, media: Media) -> Response:
    """The same of a small one in JSON, as a data URL."""
    if caller.user_id is None:
        raise NoSuchFile
    row = handed.take_data_url(shell(request).engine, media, new, user_id=caller.user_id)
    return Response(json.dumps({name: row[name] for name in KEPT}), media_type="application/json")


@router.delete("/internal/files", status_code=204, include_in_schema=False)
def delete_file(kind: Made, source_id: UUID, caller: Internal, db: InternalDb, media: Media) -> None:
    """Delete the song or the episode that was handed over under this id, if there is one; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    file = deleting.delete_made(db, Kind(kind), source_id, user_id=caller.user_id)
    if file:
        database.after_commit(db, lambda: media.drop(file))


@router.delete("/internal/recordings/{session_id}", status_code=204, include_in_schema=False)
def delete_recording(session_id: UUID, caller: Internal, db: InternalDb, media: Media) -> None:
    """Delete that recording, if there is one; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    file = deleting.delete_recording(db, session_id, user_id=caller.user_id)
    if file:
        database.after_commit(db, lambda: media.drop(file))


@router.put("/internal/exports/{task_id}/{service}", status_code=204, include_in_schema=False)
async def keep_part(request: Request, task_id: UUID, service: str, caller: Internal, media: Media) -> None:
    """Keep a service's own part of an archive of the user it is called for; may be repeated."""
    if caller.service != service:
        raise NoSuchFile
    await parts.take(request, media, task_id, service, user_id=caller.user_id)


@router.post("/internal/playable", include_in_schema=False)
def make_addresses(wanted: NewAddresses, caller: Internal, db: InternalDb, media: Media) -> dict[str, str]:
    """Playable addresses by file id, for those that the user may play, bound to the sign-in that the call names."""
    if caller.user_id is None:
        raise NoSuchFile
    found = readers.playable(db, wanted.file_ids, user_id=caller.user_id)
    return {str(each): media.playables.url(each, user_id=caller.user_id, session_id=caller.session_id) for each in found}
