"""Recordings of practice sessions: handed over by `sessions`, kept in seed 001's bucket under seed 001's name."""

from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import Engine

from services.media.errors import AnotherRecording
from services.media.library.files import Row
from services.media.models.files import Kind
from services.media.receiving import handed
from services.media.receiving.handed import Made
from services.media.world import World


async def take(request: Request, engine: Engine, world: World, *, session_id: UUID, user_id: UUID) -> dict[str, Any]:
    """Store the body as the recording of a session; the same bytes again change nothing. Raises AnotherRecording."""
    at_most, its = world.settings.max_recording_bytes, made(world, session_id, user_id=user_id)
    return told(await handed.take_body(request, engine, world, its, user_id=user_id, at_most=at_most))


def made(world: World, session_id: UUID, *, user_id: UUID, counted_bytes: int = 0) -> Made:
    """What the recording of a session is to media."""
    bucket, name = world.settings.recordings_bucket, f"{session_id}.webm"
    key = f"{user_id}/{name}"  # seed 001's path, whatever the type of the audio; without its leading slash, which S3 refuses
    return Made(Kind.RECORDING, session_id, name, bucket, AnotherRecording, key=key, counted_bytes=counted_bytes)


def told(row: Row) -> dict[str, Any]:
    """A recording that is kept, for `sessions`."""
    return {name: row[name] for name in ("id", "duration", "mime_type", "sha256")} | {"size_bytes": row["file_size"]}
