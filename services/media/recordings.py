"""Recordings of practice sessions: handed over by `sessions`, kept in seed 001's bucket under seed 001's name."""

from pathlib import Path
from typing import Any
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.media import files, inspection, quota
from services.media.errors import FileEmpty
from services.media.inspection import Found
from services.media.models import FOLLOWS, AudioFile, Kind, State
from services.media.multipart import Spooled
from services.media.world import World
from shared import db as database
from shared import ids
from shared.fastapi_app import reception

FIELDS = (AudioFile.id, AudioFile.duration, AudioFile.file_size.label("size_bytes"), AudioFile.mime_type, AudioFile.sha256)


async def take(request: Request, engine: Engine, world: World, *, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    """Store the body as the recording of a session; the same session again replaces it, the same bytes again change nothing."""
    bounds = world.bounds(world.settings.max_recording_bytes)
    reception.declared_bytes(request, bounds)
    name = f"{session_id}.webm"
    spooled = Spooled(name, world.spool / f"{ids.new()}-{session_id}")
    try:
        with spooled.path.open("wb") as file:

            def write(piece: bytes) -> None:
                file.write(piece)
                spooled.digest.update(piece)
                spooled.size_bytes += len(piece)

            await reception.receive(request, write, bounds)
        return await to_thread.run_sync(_keep, engine, world, spooled, session_id, user_id)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(_remove, spooled.path)


def find(db: Session, session_id: UUID, *, user_id: UUID) -> dict[str, Any] | None:
    """The recording of a session, if it is stored."""
    mine = (AudioFile.source_id == session_id, AudioFile.kind == Kind.RECORDING.value, AudioFile.user_id == user_id)
    row = db.execute(select(*FIELDS).where(*mine, AudioFile.state == State.READY.value)).mappings().first()
    return dict(row) if row else None


def _keep(engine: Engine, world: World, spooled: Spooled, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    if not spooled.size_bytes:
        raise FileEmpty(filename=spooled.filename, errors=[{"field": "", "message": "the recording is empty"}])
    with database.transaction(engine, user_id=user_id) as db:
        before = find(db, session_id, user_id=user_id)
    if before and before["sha256"] == spooled.sha256:
        return before
    found = inspection.probe(spooled.path, filename=spooled.filename)
    file_id = _intend(engine, world, spooled, session_id, user_id)
    bucket, key = world.settings.recordings_bucket, _key(session_id, user_id)
    with spooled.path.open("rb") as data:  # where this fails, the caller tries again, or the sweep ends the row
        world.store.put(bucket, key, data, size_bytes=spooled.size_bytes, mime_type=found.mime_type)
    row = _make_true(engine, found, file_id, user_id)
    world.places.forget(file_id, user_id=user_id)
    return row


def _intend(engine: Engine, world: World, spooled: Spooled, session_id: UUID, user_id: UUID) -> UUID:
    """The row of the new bytes. What was there before makes way: its bytes are about to be overwritten under the same name."""
    file_id = ids.new()
    with database.transaction(engine, user_id=user_id) as db:
        mine = (AudioFile.source_id == session_id, AudioFile.kind == Kind.RECORDING.value, AudioFile.user_id == user_id)
        for before in db.execute(select(AudioFile.id, AudioFile.state).where(*mine)).all():
            if State.DELETING in FOLLOWS[State(before.state)]:
                files.end(db, before.id, user_id=user_id)
            files.forget(db, [before.id], user_id=user_id)
            file_id = before.id
        quota.reserve(db, spooled.size_bytes, user_id=user_id, quota_bytes=world.settings.quota_bytes)
        files.intend(db, file_id, user_id=user_id, reserved_bytes=spooled.size_bytes, kind=Kind.RECORDING)
        files.describe(
            db,
            file_id,
            user_id=user_id,
            filename=spooled.filename,
            source_id=session_id,
            bucket=world.settings.recordings_bucket,
            object_key=_key(session_id, user_id),
            sha256=spooled.sha256,
        )
    return file_id


def _make_true(engine: Engine, found: Found, file_id: UUID, user_id: UUID) -> dict[str, Any]:
    with database.transaction(engine, user_id=user_id) as db:
        files.become(db, file_id, State.READY, user_id=user_id, mime_type=found.mime_type, duration=found.duration)
        row = db.execute(select(*FIELDS).where(AudioFile.id == file_id, AudioFile.user_id == user_id))
        return dict(row.mappings().one())


def _key(session_id: UUID, user_id: UUID) -> str:
    """Seed 001's path, whatever the type of the audio; without its leading slash, which S3 refuses."""
    return f"{user_id}/{session_id}.webm"


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
