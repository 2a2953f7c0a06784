"""Chunks of running sessions as they arrive: their sound goes to media first, and then they count."""

from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from services.sessions import peers
from services.sessions.peers import Media, Owner
from services.sessions.practice import running
from services.sessions.practice.bodies import Body
from shared.db import transaction


def keep(
    engine: Engine, media: Media, session_id: UUID, number: int, body: Body, *, owner: Owner, at_most: int, **lengths: int
) -> dict[str, Any]:
    """Keep a chunk, as JSON; the same again is answered the same, and what was answered is kept whatever is killed next.

    Raises ChunkTaken, SessionFinished, RunningSessionNotFound, RecordingFull, MediaRefused, MediaUnavailable.
    """
    user_id, size_bytes = owner.user_id, body.size_bytes
    with transaction(engine, user_id=user_id) as db:
        chunk = {"size_bytes": size_bytes, "at_most": at_most}
        before = running.chunk_before(db, session_id, number, user_id=user_id, sha256=body.sha256, **chunk)
    if before is not None:
        return before
    if size_bytes:
        peers.store_chunk(media, session_id, number, body.read(), owner=owner)
    with transaction(engine, user_id=user_id) as db:
        lengths |= {"size_bytes": size_bytes}
        return running.arrived(db, session_id, number, user_id=user_id, sha256=body.sha256, lengths=lengths)
