"""The score of a session: put there, downloaded, taken away."""

from urllib.parse import quote

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from services.sessions.routes.reach import SessionId, TheShell, TheWorld, answer
from services.sessions.schemas.scores import ScoreOut
from services.sessions.scores import keeping
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn

MUSICXML = "application/vnd.recordare.musicxml+xml"
TAKEN = (
    MUSICXML,
    "application/vnd.recordare.musicxml",
    "application/xml",
    "text/xml",
    "application/zip",
    "application/octet-stream",
)
A_FILE = {"type": "string", "format": "binary"}
BODY = {"required": True, "content": {media_type: {"schema": A_FILE} for media_type in TAKEN}}
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private",
}

router = new_router()


@router.put("/api/sessions/{session_id}/score", response_model=ScoreOut, openapi_extra={"requestBody": BODY})
async def replace_score(
    request: Request, session_id: SessionId, caller: SignedIn, the_shell: TheShell, world: TheWorld
) -> Response:
    """Put a score to your session: MusicXML, plain or packed (.mxl); the body is the file. What it is, its content says."""
    await run_in_threadpool(keeping.must_exist, the_shell.engine, session_id, user_id=caller.id)
    async with world.scores.received(request, user_id=caller.id) as body:

        def replace() -> Response:
            folder = world.settings.data_dir
            return answer(keeping.replace(the_shell.engine, session_id, body.read(), user_id=caller.id, folder=folder))

        return await run_in_threadpool(replace)


@router.get(
    "/api/sessions/{session_id}/score", responses={200: {"content": {MUSICXML: {"schema": A_FILE}}}}, response_class=Response
)
def download_score(session_id: SessionId, caller: SignedIn, db: Db) -> Response:
    """The score of your session, as a file."""
    found = keeping.as_file(db, session_id, user_id=caller.id)
    disposition = f"attachment; filename=\"score.musicxml\"; filename*=UTF-8''{quote(found.song_name, safe='')}.musicxml"
    return Response(
        found.content, headers=HARMLESS | {"Content-Disposition": disposition}, media_type=f"{MUSICXML}; charset=utf-8"
    )


@router.delete("/api/sessions/{session_id}/score", status_code=204)
def remove_score(session_id: SessionId, caller: SignedIn, db: Db) -> None:
    """Take the score away from your session; the session stays."""
    keeping.remove(db, session_id, user_id=caller.id)
