"""Sessions that go on: begun, sent in chunks while they are played, finished or thrown away."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.sessions.errors import RunningSessionNotFound
from services.sessions.practice import chunks, finishing, running
from services.sessions.practice.finishing import Places
from services.sessions.practice.running import MAX_CHUNKS
from services.sessions.practice.saving import Saved
from services.sessions.routes.reach import TheOwner, TheShell, TheWorld, Zone, answer
from services.sessions.routes.sessions import BODY, REPLAYED
from services.sessions.schemas.running import ChunkOut, NewRunningSession, RunningSessionOut, Seconds, TotalSeconds
from services.sessions.schemas.sessions import SavedSessionOut
from services.sessions.tasks import sweeping
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, id_or, once

PATH = "/api/sessions/running"
SOUND = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
ENDING = {"content": BODY["content"]}

router = new_router()


def _running_id(session_id: str) -> UUID:
    return id_or(RunningSessionNotFound, session_id)


RunningId = Annotated[UUID, Depends(_running_id)]
Number = Annotated[int, Path(ge=0, lt=MAX_CHUNKS)]


@router.post(PATH, status_code=201, response_model=RunningSessionOut, dependencies=[once])
def begin_session(new: NewRunningSession, caller: SignedIn, zone: Zone, world: TheWorld, db: Db) -> Response:
    """Begin to practise. Send a chunk every `chunk_seconds` from now on, and a crash loses no more than that.

    One of which nothing comes for a while is saved as it is, and then is `recovered`.
    """
    session_id = running.begin(db, user_id=caller.id, zone=zone, **new.model_dump())
    found = running.find(db, session_id, user_id=caller.id, chunk_seconds=world.settings.chunk_seconds)
    return answer(found, 201, {"Location": f"{PATH}/{session_id}"})


@router.get(PATH, response_model=list[RunningSessionOut])
def list_running_sessions(caller: SignedIn, world: TheWorld, db: Db) -> Response:
    """Your sessions that go on, the one begun last first: an app that was started again finds here what it was at."""
    return answer(running.all_of(db, user_id=caller.id, chunk_seconds=world.settings.chunk_seconds))


@router.get(PATH + "/{session_id}", response_model=RunningSessionOut)
def read_running_session(session_id: RunningId, caller: SignedIn, world: TheWorld, db: Db) -> Response:
    """One session that goes on, and which of its chunks have arrived."""
    return answer(running.find(db, session_id, user_id=caller.id, chunk_seconds=world.settings.chunk_seconds))


@router.put(PATH + "/{session_id}/chunks/{number}", response_model=ChunkOut, openapi_extra={"requestBody": SOUND})
async def send_chunk(
    request: Request,
    session_id: RunningId,
    number: Number,
    caller: SignedIn,
    owner: TheOwner,
    the_shell: TheShell,
    world: TheWorld,
    duration_seconds: Seconds,
    total_practice_seconds: TotalSeconds | None = None,
) -> Response:
    """Keep a chunk, numbered from 0: the bytes that your recorder has made since the last, or none for practice without sound.

    Both lengths are those of the whole session so far. In any order, and as often as you like; another one under the same
    number is 409. A browser's `MediaRecorder` makes such chunks with `start(chunk_seconds * 1000)`. A recorder that was begun
    again, after a crash, goes on with the next number.
    """
    total = duration_seconds if total_practice_seconds is None else total_practice_seconds
    lengths = {"duration_seconds": int(duration_seconds), "total_practice_seconds": int(total)}
    # All of it first, whatever comes of it: a refusal while it is still being sent may reach its sender as a 502.
    async with world.chunks.received(request, user_id=caller.id) as body:

        def keep() -> Response:
            at_most = world.settings.max_recording_bytes
            engine, media = the_shell.engine, world.media
            return answer(chunks.keep(engine, media, session_id, number, body, owner=owner, at_most=at_most, **lengths))

        return await run_in_threadpool(keep)


@router.post(
    PATH + "/{session_id}/finish", status_code=201, response_model=SavedSessionOut, openapi_extra={"requestBody": ENDING}
)
async def finish_session(
    request: Request, session_id: RunningId, caller: SignedIn, owner: TheOwner, zone: Zone, the_shell: TheShell, world: TheWorld
) -> Response:
    """Save a session that goes on, with the recording that its chunks make, even where one of them never came.

    Say what you would say of a completed session; whatever you leave out is as it was told before. Sent again, it is answered
    with the same session.
    """
    places = Places(the_shell.engine, world.media, world.settings.data_dir)
    async with world.endings.received(request, user_id=caller.id) as body:

        def finish() -> Saved:
            return finishing.finish(places, session_id, body.read(), owner=owner, zone=zone)

        saved = await run_in_threadpool(finish)
    headers = {"Location": f"/api/sessions/{session_id}"} | (REPLAYED if saved.is_replay else {})
    return answer(saved.document, 201, headers)


@router.delete(PATH + "/{session_id}", status_code=204)
def throw_session_away(session_id: RunningId, caller: SignedIn, db: Db) -> None:
    """Throw a session away that goes on, and what there is of its recording."""
    running.drop(db, session_id, user_id=caller.id)
    sweeping.tell_deleted(db, session_id, user_id=caller.id)
