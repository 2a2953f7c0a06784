"""`/files/tracks`: the library as lists of tracks with all their tags, and deleting them.

Addresses with a word of their own come before `/files/tracks/{id}`, which would take them for ids.
"""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from services.media.library import search, tracks
from services.media.library.files import Page
from services.media.models.files import Kind
from services.media.routes.needs import FileName, Media
from services.media.routes.pages import Limit, Offset, Ways, answer, turned
from services.media.schemas.playlists import iso_duration
from services.media.schemas.tracks import DeletedOut, SummaryOut, TrackOut, shown
from services.media.tasks import deleting
from services.media.world import World
from shared import db as database
from shared import json, paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn
from shared.identity import Caller
from shared.schemas import Text

router = new_router()

Year = Annotated[int | None, Query(ge=0, le=9999)]
Words = Annotated[str, Query(max_length=255)]


class Sort(StrEnum):
    """What tracks may be sorted by; by `plays`, `rating`, `played_at` and `starred_at` only those are listed that have it."""

    CREATED_AT = "created_at"
    TITLE = "title"
    ARTIST = "artist"
    ALBUM = "album"
    TRACK = "track"
    YEAR = "year"
    DURATION = "duration"
    FILE_SIZE = "file_size"
    PLAYS = "plays"
    RATING = "rating"
    PLAYED_AT = "played_at"
    STARRED_AT = "starred_at"
    RANDOM = "random"


class Format(StrEnum):
    """Kinds of audio, by their usual extensions."""

    MP3 = "mp3"
    FLAC = "flac"
    WAV = "wav"
    AIFF = "aiff"
    M4A = "m4a"
    AAC = "aac"
    OGG = "ogg"
    WEBM = "webm"


MIME_TYPES = {Format.MP3: "audio/mpeg", Format.M4A: "audio/mp4"}
RISING = {Sort.TITLE, Sort.ARTIST, Sort.ALBUM, Sort.TRACK}  # unless asked otherwise


@router.get("/files/tracks", response_model=list[TrackOut], tags=["tracks"])
def list_tracks(
    request: Request,
    caller: SignedIn,
    db: Db,
    media: Media,
    sort: Sort | None = None,
    order: Literal["asc", "desc"] | None = None,
    artist_id: UUID | None = None,
    album_id: UUID | None = None,
    genre: Annotated[Text | None, Query(max_length=255)] = None,
    year_from: Year = None,
    year_to: Year = None,
    kind: Literal[Kind.UPLOAD, Kind.SONG] | None = None,
    format: Format | None = None,
    starred: bool = False,
    rated: Annotated[int | None, Query(ge=1, le=5)] = None,
    limit: Limit = paging.ALL,
    offset: Offset = 0,
    skip: Offset = 0,
    cursor: str | None = None,
) -> Response:
    """Your tracks with all their tags, newest first unless sorted otherwise; those of an album in its order."""
    by = sort or (Sort.TRACK if album_id else Sort.CREATED_AT)
    ways = Ways(by.value, order == "desc" if order else by not in RISING, limit, offset or skip, cursor)
    wanted: dict[str, Any] = {"artist_id": artist_id, "album_id": album_id, "year_from": year_from, "year_to": year_to}
    wanted |= {"kind": kind, "starred": starred, "rated": rated, "genre": genre}
    wanted["mime_types"] = [MIME_TYPES.get(format, f"audio/{format}")] if format else None
    return _listed(request, caller, media, tracks.find(db, user_id=caller.id, **turned(ways, tracks.LISTING), **wanted), ways)


@router.get("/files/tracks/search", response_model=list[TrackOut], tags=["tracks"])
def search_tracks(
    request: Request,
    caller: SignedIn,
    db: Db,
    media: Media,
    query: Words = "",
    q: Words = "",
    limit: Limit = paging.LIMIT,
    offset: Offset = 0,
    skip: Offset = 0,
) -> Response:
    """Tracks by the beginnings of words of their titles, artists and albums; accents and case do not matter."""
    begin = offset or skip
    hits = search.search(db, query or q, user_id=caller.id, limit=limit, offset=begin)
    rows = tracks.of(db, hits.ids, user_id=caller.id)
    total = hits.total if hits.total is not None else begin + len(hits.ids) + 1  # at least
    return _listed(request, caller, media, Page(rows, total, hits.has_more), Ways("", True, limit, begin, None))


@router.get("/files/tracks/recent", response_model=list[TrackOut], tags=["tracks"])
def list_recent_tracks(request: Request, caller: SignedIn, db: Db, media: Media, limit: Limit = 10) -> Response:
    """The tracks that came last."""
    ways = Ways("created_at", True, limit, 0, None)
    return _listed(request, caller, media, tracks.find(db, user_id=caller.id, limit=limit), ways)


@router.get("/files/tracks/popular", response_model=list[TrackOut], tags=["tracks"])
def list_popular_tracks(request: Request, caller: SignedIn, db: Db, media: Media, limit: Limit = 10) -> Response:
    """The tracks that you played most."""
    ways = Ways("plays", True, limit, 0, None)
    return _listed(request, caller, media, tracks.find(db, user_id=caller.id, sort="plays", limit=limit), ways)


@router.get("/files/tracks/stats/summary", tags=["tracks"])
def summarise_tracks(caller: SignedIn, db: Db) -> SummaryOut:
    """How much there is in your library."""
    held = tracks.summary(db, user_id=caller.id)
    return SummaryOut(
        total_tracks=held["tracks"],
        total_size=held["bytes"],
        total_duration=iso_duration(held["seconds"] * 1_000),
        total_duration_seconds=held["seconds"],
        total_artists=held["artists"],
        total_albums=held["albums"],
    )


@router.delete("/files/tracks/all", tags=["tracks"])
def delete_all_tracks(caller: SignedIn, db: Db, media: Media) -> DeletedOut:
    """Delete every track of your library, once and for all; recordings of practice sessions stay."""
    rows = deleting.delete_library(db, user_id=caller.id)
    database.after_commit(db, partial(media.drop, *rows))
    return DeletedOut(message="Your library is empty now.", deleted_count=len(rows))


@router.get("/files/tracks/{track_id}", response_model=TrackOut, tags=["tracks"])
def show_track(track_id: FileName, caller: SignedIn, db: Db, media: Media) -> Response:
    """One of your tracks with all its tags."""
    row = tracks.show(db, track_id, user_id=caller.id)
    body = json.dumps(shown(row, media.playables.of(caller.id, caller.session_id)))
    return Response(body, media_type="application/json")


@router.delete("/files/tracks/{track_id}", status_code=204, tags=["tracks"])
def delete_track(track_id: FileName, caller: SignedIn, db: Db, media: Media) -> None:
    """Delete a track, as `DELETE /files/{id}` does."""
    file = deleting.delete_file(db, track_id, user_id=caller.id)
    database.after_commit(db, lambda: media.drop(file))


def _listed(request: Request, caller: Caller, media: World, page: Page, ways: Ways) -> Response:
    addresses = media.playables.of(caller.id, caller.session_id)
    made = [shown(row, addresses) for row in page.rows]
    return answer(request, page, made, ways, tracks.LISTING)
