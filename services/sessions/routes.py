"""Every URL of the sessions service."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.sessions import history, saving, sessions, stats, tasks
from services.sessions.errors import SessionNotFound, UnknownTimeZone
from services.sessions.peers import Media, Owner
from services.sessions.schemas import (
    FullListedSessionOut,
    ListedSessionOut,
    NewSession,
    SavedSessionOut,
    SessionOut,
    StatsOut,
)
from services.sessions.world import World
from shared import clock, json, paging
from shared.fastapi_app.app import router
from shared.fastapi_app.guards import Db, SignedIn, shell
from shared.idempotency import Claim
from shared.shell import Shell

REPLAYED = {"Idempotent-Replayed": "true"}
BODY = {"required": True, "content": {"application/json": {"schema": NewSession.model_json_schema()}}}

practice = router()


def _world(request: Request) -> World:
    found: World = shell(request).world
    return found


def _media(world: "TheWorld") -> Media:
    return world.media


def _owner(caller: SignedIn) -> Owner:
    return Owner(caller.id, caller.session_id)


def _zone(caller: SignedIn, world: "TheWorld", tz: Annotated[str | None, Query(description="An IANA time zone")] = None) -> str:
    if tz is not None and not clock.is_zone(tz):
        raise UnknownTimeZone(tz=tz[:100])
    return tz or caller.zone or world.settings.default_time_zone


def _session_id(session_id: str) -> UUID:
    try:
        return UUID(session_id)
    except ValueError:
        raise SessionNotFound from None


TheShell = Annotated[Shell, Depends(shell)]
TheWorld = Annotated[World, Depends(_world)]
TheMedia = Annotated[Media, Depends(_media)]
TheOwner = Annotated[Owner, Depends(_owner)]
Zone = Annotated[str, Depends(_zone)]
SessionId = Annotated[UUID, Depends(_session_id)]
Limit = Annotated[int, Query(ge=1, le=paging.ALL)]
Offset = Annotated[int, Query(ge=0, le=2**31)]


@practice.post(
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
            return saving.save(the_shell.engine, world.media, new, recording, owner=owner, zone=zone, once=once)

        saved = await run_in_threadpool(save)
    headers = {"Location": f"/api/sessions/{saved.document['id']}"} | (REPLAYED if saved.is_replay else {})
    return _json(saved.document, 201, headers)


@practice.get("/api/sessions", response_model=list[FullListedSessionOut | ListedSessionOut])
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
    return _json(found.documents, headers=headers)


@practice.get("/api/sessions/{session_id}", response_model=SessionOut)
def read_session(session_id: SessionId, owner: TheOwner, the_shell: TheShell, media: TheMedia) -> Response:
    """One session whole: its score, its analysis, and an address that plays its recording."""
    return _json(history.one(the_shell.engine, media, session_id, owner=owner))


@practice.delete("/api/sessions/{session_id}", status_code=204)
def delete_session(session_id: SessionId, caller: SignedIn, db: Db) -> None:
    """Delete a session, and its recording with it."""
    sessions.delete(db, session_id, user_id=caller.id)
    tasks.tell_deleted(db, session_id, user_id=caller.id)


@practice.get("/api/stats", response_model=StatsOut)
def read_stats(caller: SignedIn, db: Db, zone: Zone) -> Response:
    """Minutes of each of the last seven days, today last, and your streak. Days are those of `tz`, else of your time zone."""
    return _json(stats.of(db, user_id=caller.id, zone=zone))


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(document), status, headers, "application/json")
