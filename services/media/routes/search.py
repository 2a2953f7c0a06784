"""`/search`: your tracks, albums and artists, by the beginnings of their words."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response

from services.media.library import search
from services.media.models.catalogue import Found
from services.media.routes.shelf import TheShelf
from services.media.schemas.search import FoundOut, SuggestionOut
from services.media.schemas.tracks import TrackOut
from shared import json, paging
from shared.fastapi_app.app import router as new_router

router = new_router()

KINDS = {"tracks": Found.TRACK, "albums": Found.ALBUM, "artists": Found.ARTIST}
OF_EACH = 20  # where nobody says how many
SUGGESTED = 10

Words = Annotated[str, Query(max_length=255, description="Every word has to begin one of what is found")]
Limit = Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("/search", response_model=FoundOut, tags=["search"])
def search_library(shelf: TheShelf, q: Words = "", query: Words = "", limit: Limit = OF_EACH, offset: Offset = 0) -> Response:
    """Tracks, albums and artists; without a word, all of them by name. Case and accents do not matter."""
    body = {}
    for name, found in KINDS.items():
        hits = search.search(shelf.db, q or query, user_id=shelf.user_id, found=found, limit=limit, offset=offset)
        body[name] = shelf.show(found, hits.ids)
    return Response(json.dumps(body), media_type="application/json")


@router.get("/search/tracks", response_model=list[TrackOut], tags=["search"])
def search_tracks(
    shelf: TheShelf, q: Words = "", query: Words = "", limit: Limit = paging.LIMIT, offset: Offset = 0
) -> Response:
    """Tracks alone."""
    hits = search.search(shelf.db, q or query, user_id=shelf.user_id, limit=limit, offset=offset)
    headers = {} if hits.total is None else {"X-Total-Count": str(hits.total)}
    return Response(json.dumps(shelf.show(Found.TRACK, hits.ids)), headers=headers, media_type="application/json")


@router.get("/search/suggest", response_model=list[SuggestionOut], tags=["search"])
def suggest(shelf: TheShelf, q: Words = "", query: Words = "", limit: Limit = SUGGESTED) -> Response:
    """What you may mean, while you type."""
    found = search.suggest(shelf.db, q or query, user_id=shelf.user_id, limit=limit)
    return Response(json.dumps([asdict(each) for each in found]), media_type="application/json")
