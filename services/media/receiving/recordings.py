"""Recordings of practice sessions: handed over by `sessions`, kept in seed 001's bucket under seed 001's name."""

from typing import Any
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.media.errors import AnotherRecording, FileEmpty
from services.media.library import files
from services.media.models.files import AudioFile, Kind, State
from services.media.processing import inspection
from services.media.processing.inspection import Found
from services.media.receiving import quota
from services.media.receiving.spool import Spooled
from services.media.tasks import processing
from services.media.world import World
from shared import db as database
from shared import ids
from shared.fastapi_app import reception

FIELDS = (AudioFile.id, AudioFile.duration, AudioFile.file_size.label("size_bytes"), AudioFile.mime_type, AudioFile.sha256)


async def take(request: Request, engine: Engine, world: World, *, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    """Store the body as the recording of a session; the same bytes again change nothing. Raises AnotherRecording."""
    bounds = world.bounds(world.settings.max_recording_bytes)
    reception.declared_bytes(request, bounds)
    spooled = Spooled(f"{session_id}.webm", world.spool / f"{ids.new()}-{session_id}")
    try:
        await reception.receive(request, spooled.write, bounds)
        with reception.noticing_full_disk():
            spooled.end()
        return await to_thread.run_sync(_keep, engine, world, spooled, session_id, user_id, limiter=world.finishing)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(spooled.discard)


def find(db: Session, session_id: UUID, *, user_id: UUID) -> dict[str, Any] | None:
    """The recording of a session, however far it has come."""
    mine = (AudioFile.source_id == session_id, AudioFile.kind == Kind.RECORDING.value, AudioFile.user_id == user_id)
    row = db.execute(select(*FIELDS, AudioFile.state).where(*mine)).mappings().first()
    return dict(row) if row else None


def _keep(engine: Engine, world: World, spooled: Spooled, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    if not spooled.size_bytes:
        raise FileEmpty(filename=spooled.filename, errors=[{"field": "", "message": "the recording is empty"}])
    found = inspection.probe(spooled.path, filename=spooled.filename)
    row = _intend(engine, world, spooled, found, session_id, user_id)
    if row["state"] == State.UPLOADING:
        bucket, key = world.settings.recordings_bucket, _key(session_id, user_id)
        with spooled.path.open("rb") as data:  # where this fails, the caller tries again, or the sweep ends the row
            world.store.put(bucket, key, data, size_bytes=spooled.size_bytes, mime_type=found.mime_type)
        with database.transaction(engine, user_id=user_id) as db:
            files.become(db, row["id"], State.READY, user_id=user_id)
            processing.enqueue_measuring(db, row["id"], user_id=user_id)
    return {name: value for name, value in row.items() if name != "state"}


def _intend(engine: Engine, world: World, spooled: Spooled, found: Found, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    """The row of these bytes, new or from before. Other bytes than a row has would overwrite what was acknowledged."""
    with database.transaction(engine, user_id=user_id) as db:
        quota.lock(db, user_id=user_id)  # so that a session gets one row, however often it is sent at once
        before = find(db, session_id, user_id=user_id)
        if before is None:
            quota.reserve(db, spooled.size_bytes, user_id=user_id, quota_bytes=world.settings.quota_bytes)
            _describe(db, world, spooled, found, session_id, user_id)
            before = find(db, session_id, user_id=user_id)
    if before is None or before["sha256"] != spooled.sha256 or before["state"] == State.DELETING:
        raise AnotherRecording
    return before


def _describe(db: Session, world: World, spooled: Spooled, found: Found, session_id: UUID, user_id: UUID) -> None:
    file_id = ids.new()
    files.intend(db, file_id, user_id=user_id, reserved_bytes=spooled.size_bytes, kind=Kind.RECORDING)
    files.describe(
        db,
        file_id,
        user_id=user_id,
        filename=spooled.filename,
        source_id=session_id,
        mime_type=found.mime_type,
        duration=found.duration,
        bucket=world.settings.recordings_bucket,
        object_key=_key(session_id, user_id),
        sha256=spooled.sha256,
    )


def _key(session_id: UUID, user_id: UUID) -> str:
    """Seed 001's path, whatever the type of the audio; without its leading slash, which S3 refuses."""
    return f"{user_id}/{session_id}.webm"
