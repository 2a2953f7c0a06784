"""Stars and ratings of tracks, albums and artists."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from services.media.listening import annotations
from services.media.listening.annotations import MISSING, By
from services.media.models.catalogue import Found
from services.media.routes.shelf import Shelf, TheShelf
from services.media.schemas.search import FoundOut, OpinionOut, RatingChange
from shared import db as database
from shared import json, paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import id_or

router = new_router()


class Kind(StrEnum):
    """What may be starred and rated."""

    TRACKS = "tracks"
    ALBUMS = "albums"
    ARTISTS = "artists"


FOUND = {Kind.TRACKS: Found.TRACK, Kind.ALBUMS: Found.ALBUM, Kind.ARTISTS: Found.ARTIST}
Limit = Annotated[int, Query(ge=1, le=paging.ALL)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
AnId = Annotated[str, Path(max_length=64)]


@router.get("/files/starred", response_model=FoundOut, tags=["library"])
def list_starred(shelf: TheShelf, limit: Limit = paging.LIMIT, offset: Offset = 0) -> Response:
    """What you have starred of your library, the latest first."""
    starred = {
        kind: annotations.listed(shelf.db, found, By.STARRED, user_id=shelf.user_id, limit=limit, offset=offset)
        for kind, found in FOUND.items()
    }
    body = {kind.value: shelf.show(FOUND[kind], ids) for kind, ids in starred.items()}
    return Response(json.dumps(body), media_type="application/json")


@router.put("/files/{kind}/{target_id}/star", response_model=OpinionOut, tags=["library"])
def star(kind: Kind, target_id: AnId, shelf: TheShelf) -> Response:
    """Star a track, an album or an artist; may be repeated."""
    found = _id(kind, target_id)
    annotations.star(shelf.db, FOUND[kind], [found], user_id=shelf.user_id)
    return _opinion(shelf, kind, found)


@router.delete("/files/{kind}/{target_id}/star", response_model=OpinionOut, tags=["library"])
def unstar(kind: Kind, target_id: AnId, shelf: TheShelf) -> Response:
    """Take the star away; may be repeated."""
    found = _id(kind, target_id)
    annotations.unstar(shelf.db, FOUND[kind], [found], user_id=shelf.user_id)
    return _opinion(shelf, kind, found)


@router.put("/files/{kind}/{target_id}/rating", response_model=OpinionOut, tags=["library"])
def rate(kind: Kind, target_id: AnId, change: RatingChange, shelf: TheShelf) -> Response:
    """Rate a track, an album or an artist with 1 to 5; may be repeated."""
    found = _id(kind, target_id)
    annotations.rate(shelf.db, FOUND[kind], found, change.rating, user_id=shelf.user_id)
    return _opinion(shelf, kind, found)


@router.delete("/files/{kind}/{target_id}/rating", response_model=OpinionOut, tags=["library"])
def unrate(kind: Kind, target_id: AnId, shelf: TheShelf) -> Response:
    """Take the rating away; may be repeated."""
    found = _id(kind, target_id)
    annotations.rate(shelf.db, FOUND[kind], found, None, user_id=shelf.user_id)
    return _opinion(shelf, kind, found)


def _id(kind: Kind, text: str) -> UUID:
    return id_or(MISSING[FOUND[kind]], text)


def _opinion(shelf: Shelf, kind: Kind, target_id: UUID) -> Response:
    database.after_commit(shelf.db, lambda: shelf.media.answers.forget(shelf.user_id))
    kept = annotations.of(shelf.db, FOUND[kind], [target_id], user_id=shelf.user_id).get(target_id, {})
    names = ("starred_at", "rating", "played_at")
    row = {"id": target_id, "play_count": kept.get("play_count", 0)} | {name: kept.get(name) for name in names}
    return Response(json.dumps(row), media_type="application/json")
