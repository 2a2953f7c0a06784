"""Practice sessions: saved, listed, read, changed, deleted."""

from typing import Annotated

from fastapi import Header, Request, Response

from services.sessions.practice import editing, history, saving, sessions, twins
from services.sessions.practice.sessions import Whole
from services.sessions.routes.reach import (
    AskedZone,
    Began,
    Limit,
    Offset,
    SessionId,
    TheFilters,
    TheMedia,
    TheOwner,
    TheShell,
    TheWorld,
    Zone,
    answer,
)
from services.sessions.schemas.sessions import (
    FullListedSessionOut,
    ListedSessionOut,
    NewSession,
    SavedSessionOut,
    SessionChange,
    SessionOut,
)
from services.sessions.scores import reading
from services.sessions.tasks import sweeping
from shared import paging
from shared.db import transaction
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn

REPLAYED = {"Idempotent-Replayed": "true"}
# What it is made of is documented beside it: changing a session takes the same.
NEW_SESSION = NewSession.model_json_schema(ref_template="#/components/schemas/{model}")
NEW_SESSION.pop("$defs")
BODY = {"required": True, "content": {"application/json": {"schema": NEW_SESSION}}}

IfMatch = Annotated[str | None, Header(description="The ETag that your change is meant for; 412 where it has changed since.")]

router = new_router()


@router.post(
    "/api/sessions",
    status_code=201,
    response_model=SavedSessionOut,
    openapi_extra={"requestBody": BODY},
)
async def save_session(
    began_at: Began,
    request: Request,
    caller: SignedIn,
    owner: TheOwner,
    zone: Zone,
    the_shell: TheShell,
    world: TheWorld,
    idempotency_key: Annotated[str | None, Header(description="Makes a repetition of this request safe for 7 days.")] = None,
) -> Response:
    """Save a completed session, with its recording. Up to 64 MiB of audio; nothing is kept where the recording cannot be.

    The same body sent again while this is being saved is answered with the same session; sent again later, it is another one,
    unless both have the same `Idempotency-Key`.
    """
    async with world.bodies.received(request, user_id=caller.id) as body:
        query = request.scope["query_string"]
        once = saving.Once.of(caller.id, idempotency_key, body.sha256, query=query, zone=zone, began_at=began_at)

        def save() -> saving.Saved:
            new, recording = saving.read(body.read(), max_recording_bytes=world.settings.max_recording_bytes)
            score = reading.keep(new.xml_content, world.settings.data_dir)
            return saving.save(the_shell.engine, world.media, new, recording, score, owner=owner, zone=zone, once=once)

        saved = await twins.saved_once(the_shell.engine, body, once, save)
    headers = {"Location": f"/api/sessions/{saved.document['id']}"} | (REPLAYED if saved.is_replay else {})
    return answer(saved.document, 201, headers)


@router.get("/api/sessions", response_model=list[FullListedSessionOut | ListedSessionOut])
def list_sessions(
    request: Request,
    owner: TheOwner,
    the_shell: TheShell,
    media: TheMedia,
    filters: TheFilters,
    limit: Limit = paging.ALL,
    offset: Offset = 0,
    cursor: str | None = None,
    full: bool = False,
) -> Response:
    """Your sessions, newest first. Where more are left, `Link` names the next page; `full=1` adds the scores."""
    found = history.page(
        the_shell.engine, media, owner=owner, limit=limit, offset=offset, cursor=cursor, with_scores=full, filters=filters
    )
    headers = paging.headers(
        request.url.path, request.query_params.multi_items(), total=found.total, next_cursor=found.next_cursor
    )
    return answer(found.documents, headers=headers)


@router.get("/api/sessions/{session_id}", response_model=SessionOut)
def read_session(session_id: SessionId, owner: TheOwner, the_shell: TheShell, media: TheMedia) -> Response:
    """One session whole: its score, its analysis, and an address that plays its recording. Its ETag is for `If-Match`."""
    return _told(history.one(the_shell.engine, media, session_id, owner=owner))


@router.patch("/api/sessions/{session_id}", response_model=SessionOut)
def change_session(
    session_id: SessionId,
    change: SessionChange,
    owner: TheOwner,
    the_shell: TheShell,
    media: TheMedia,
    zone: AskedZone,
    if_match: IfMatch = None,
) -> Response:
    """Say something else of a session; what is not named stays. At another date, or in another `tz`, it counts for that day."""
    with transaction(the_shell.engine, user_id=owner.user_id) as db:
        editing.change(
            db,
            session_id,
            user_id=owner.user_id,
            zone=zone,
            versions=_versions(if_match),
            sections_instead=change.sections_instead(),
            **change.facts(),
        )
    return _told(history.one(the_shell.engine, media, session_id, owner=owner))


@router.delete("/api/sessions/{session_id}", status_code=204)
def delete_session(session_id: SessionId, caller: SignedIn, db: Db) -> None:
    """Delete a session, and its recording with it."""
    sessions.delete(db, session_id, user_id=caller.id)
    sweeping.tell_deleted(db, session_id, user_id=caller.id)


def _told(found: Whole) -> Response:
    return answer(found.document, headers={"ETag": f'"{found.version}"', "Cache-Control": "private, no-cache"})


def _versions(if_match: str | None) -> list[str] | None:
    """The versions that an If-Match names; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    return [each.strip().removeprefix("W/").strip('"') for each in if_match.split(",")]
