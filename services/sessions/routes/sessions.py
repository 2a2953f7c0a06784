"""Practice sessions: saved, listed, read, deleted."""

from typing import Annotated

from fastapi import Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.sessions.practice import history, saving, sessions
from services.sessions.routes.reach import Limit, Offset, SessionId, TheMedia, TheOwner, TheShell, TheWorld, Zone, answer
from services.sessions.schemas.sessions import FullListedSessionOut, ListedSessionOut, NewSession, SavedSessionOut, SessionOut
from services.sessions.scores import reading
from services.sessions.tasks import sweeping
from shared import paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn
from shared.idempotency import Claim

REPLAYED = {"Idempotent-Replayed": "true"}
BODY = {"required": True, "content": {"application/json": {"schema": NewSession.model_json_schema()}}}

router = new_router()


@router.post(
    "/api/sessions",
    status_code=201,
    response_model=SavedSessionOut,
    openapi_extra={"requestBody": BODY},
)
async def save_session(
    request: Request,
    caller: SignedIn,
    owner: TheOwner,
    zone: Zone,
    the_shell: TheShell,
    world: TheWorld,
    idempotency_key: Annotated[str | None, Header(description="Makes a repetition of this request safe for 7 days.")] = None,
) -> Response:
    """Save a completed session, with its recording. Up to 64 MiB of audio; nothing is kept where the recording cannot be."""
    claim = Claim(caller.id, "POST /api/sessions", idempotency_key) if idempotency_key is not None else None
    async with world.bodies.received(request, user_id=caller.id) as body:
        once = saving.Once(claim, body.sha256) if claim else None

        def save() -> saving.Saved:
            new, recording = saving.read(body.read(), max_recording_bytes=world.settings.max_recording_bytes)
            score = reading.keep(new.xml_content, world.settings.data_dir)
            return saving.save(the_shell.engine, world.media, new, recording, score, owner=owner, zone=zone, once=once)

        saved = await run_in_threadpool(save)
    headers = {"Location": f"/api/sessions/{saved.document['id']}"} | (REPLAYED if saved.is_replay else {})
    return answer(saved.document, 201, headers)


@router.get("/api/sessions", response_model=list[FullListedSessionOut | ListedSessionOut])
def list_sessions(
    request: Request,
    owner: TheOwner,
    the_shell: TheShell,
    media: TheMedia,
    limit: Limit = paging.ALL,
    offset: Offset = 0,
    cursor: str | None = None,
    full: bool = False,
) -> Response:
    """Your sessions, newest first. Where more are left, `Link` names the next page; `full=1` adds the scores."""
    found = history.page(the_shell.engine, media, owner=owner, limit=limit, offset=offset, cursor=cursor, with_scores=full)
    headers = paging.headers(
        request.url.path, request.query_params.multi_items(), total=found.total, next_cursor=found.next_cursor
    )
    return answer(found.documents, headers=headers)


@router.get("/api/sessions/{session_id}", response_model=SessionOut)
def read_session(session_id: SessionId, owner: TheOwner, the_shell: TheShell, media: TheMedia) -> Response:
    """One session whole: its score, its analysis, and an address that plays its recording."""
    return answer(history.one(the_shell.engine, media, session_id, owner=owner))


@router.delete("/api/sessions/{session_id}", status_code=204)
def delete_session(session_id: SessionId, caller: SignedIn, db: Db) -> None:
    """Delete a session, and its recording with it."""
    sessions.delete(db, session_id, user_id=caller.id)
    sweeping.tell_deleted(db, session_id, user_id=caller.id)
