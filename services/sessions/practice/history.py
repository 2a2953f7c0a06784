"""Sessions as their owner sees them: read in one transaction, then given addresses that play them, which media mints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from services.sessions import peers
from services.sessions.peers import Media, Owner
from services.sessions.practice import listing, sessions
from services.sessions.practice.listing import Filters
from services.sessions.practice.sessions import AnyRow, Whole
from shared.db import transaction


@dataclass(frozen=True, slots=True)
class History:
    """A page of JSON documents, newest first; how many there are in all; where the next page starts."""

    documents: list[dict[str, Any]]
    total: int
    next_cursor: str | None


def page(
    engine: Engine,
    media: Media,
    *,
    owner: Owner,
    limit: int,
    offset: int,
    cursor: str | None,
    with_scores: bool,
    filters: Filters,
) -> History:
    """A page of the history. Where media is not answering, every `audio_url` is null. Raises BadCursor."""
    with transaction(engine, user_id=owner.user_id) as db:
        found = listing.page(
            db, user_id=owner.user_id, limit=limit, offset=offset, cursor=cursor, filters=filters, with_scores=with_scores
        )
    return History(_all_playable(media, found.rows, owner), found.total, found.next_cursor)


def one(engine: Engine, media: Media, session_id: UUID, *, owner: Owner) -> Whole:
    """One session whole, with its version. Raises SessionNotFound."""
    with transaction(engine, user_id=owner.user_id) as db:
        found = sessions.find(db, session_id, user_id=owner.user_id)
    return Whole(playable(media, found.document, owner=owner), found.version)


def playable(media: Media, document: dict[str, Any], *, owner: Owner) -> dict[str, Any]:
    """The document of one session with an address that plays its recording."""
    recording_id = document["recording_id"]
    urls = peers.playable(media, [recording_id] if recording_id else [], owner=owner)
    return document | {"audio_url": urls.get(recording_id)}


def _all_playable(media: Media, rows: Sequence[AnyRow], owner: Owner) -> list[dict[str, Any]]:
    urls = peers.playable(media, [row.recording_id for row in rows if row.recording_id], owner=owner)
    return [sessions.as_document(row) | {"audio_url": urls.get(row.recording_id)} for row in rows]
