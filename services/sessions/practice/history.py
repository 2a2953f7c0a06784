"""Sessions as their owner sees them: read in one transaction, then given addresses that play them, which media mints."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from services.sessions import peers
from services.sessions.peers import Media, Owner
from services.sessions.practice import sessions
from services.sessions.practice.sessions import AnyRow
from shared.db import transaction


@dataclass(frozen=True, slots=True)
class History:
    """A page of JSON documents, newest first; how many there are in all; where the next page starts."""

    documents: list[dict[str, Any]]
    total: int
    next_cursor: str | None


def page(
    engine: Engine, media: Media, *, owner: Owner, limit: int, offset: int, cursor: str | None, with_scores: bool
) -> History:
    """A page of the history. Where media is not answering, every `audio_url` is null. Raises BadCursor."""
    with transaction(engine, user_id=owner.user_id) as db:
        found = sessions.page(db, user_id=owner.user_id, limit=limit, offset=offset, cursor=cursor)
        scores: dict[UUID, str | None] = {}
        if with_scores:
            found, scores = sessions.with_scores(db, found, user_id=owner.user_id)
    documents = _playable(media, list(found.rows), owner)
    if with_scores:
        documents = [each | {"xml_content": scores.get(each["id"])} for each in documents]
    return History(documents, found.total, found.next_cursor)


def one(engine: Engine, media: Media, session_id: UUID, *, owner: Owner) -> dict[str, Any]:
    """One session whole. Raises SessionNotFound."""
    with transaction(engine, user_id=owner.user_id) as db:
        row = sessions.find(db, session_id, user_id=owner.user_id)
    return _playable(media, [row], owner)[0]


def _playable(media: Media, rows: list[AnyRow], owner: Owner) -> list[dict[str, Any]]:
    urls = peers.playable(media, [row.recording_id for row in rows if row.recording_id], owner=owner)
    return [sessions.as_document(row) | {"audio_url": urls.get(row.recording_id)} for row in rows]
