"""`/files/artists`, `/files/albums` and `/files/genres`: the library by who made it, and by what it is."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BeforeValidator

from services.media.errors import NoSuchAlbum, NoSuchArtist
from services.media.library import albums, artists, genres
from services.media.library.files import Row
from services.media.routes.needs import Media
from services.media.routes.pages import NewLimit, Offset, Ways, answer, turned
from services.media.schemas.catalogue import (
    AlbumAndTracksOut,
    AlbumOut,
    ArtistAndAlbumsOut,
    ArtistOut,
    GenreOut,
    shown,
)
from services.media.schemas.tracks import shown as shown_track
from services.media.world import World
from shared import json, paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, id_or
from shared.identity import Caller
from shared.schemas import Text

router = new_router()

Year = Annotated[int | None, Query(ge=0, le=9999)]
Order = Literal["asc", "desc"] | None


def _artist_id(text: str) -> UUID:
    return id_or(NoSuchArtist, text)


def _album_id(text: str) -> UUID:
    return id_or(NoSuchAlbum, text)


ArtistId = Annotated[UUID, BeforeValidator(_artist_id)]
AlbumId = Annotated[UUID, BeforeValidator(_album_id)]


class ArtistSort(StrEnum):
    """What artists may be sorted by."""

    NAME = "name"
    CREATED_AT = "created_at"
    SONGS = "songs"
    ALBUMS = "albums"
    PLAYS = "plays"
    RATING = "rating"
    PLAYED_AT = "played_at"
    STARRED_AT = "starred_at"
    RANDOM = "random"


class AlbumSort(StrEnum):
    """What albums may be sorted by."""

    NAME = "name"
    ARTIST = "artist"
    CREATED_AT = "created_at"
    YEAR = "year"
    PLAYS = "plays"
    RATING = "rating"
    PLAYED_AT = "played_at"
    STARRED_AT = "starred_at"
    RANDOM = "random"


RISING = {"name", "artist"}  # unless asked otherwise


@router.get("/files/artists", response_model=list[ArtistOut], tags=["library"])
def list_artists(
    request: Request,
    caller: SignedIn,
    db: Db,
    media: Media,
    sort: ArtistSort = ArtistSort.NAME,
    order: Order = None,
    with_albums: bool = False,
    starred: bool = False,
    limit: NewLimit = paging.LIMIT,
    offset: Offset = 0,
    cursor: str | None = None,
) -> Response:
    """Those who play in your library, by name; `with_albums` those whose own albums you have."""
    ways = Ways(sort.value, order == "desc" if order else sort not in RISING, limit, offset, cursor)
    wanted: dict[str, Any] = {"heard": True, "with_albums": with_albums, "starred": starred}
    page = artists.find(db, user_id=caller.id, **turned(ways, artists.LISTING), **wanted)
    return answer(request, page, _shown(media, caller, page.rows), ways, artists.LISTING)


@router.get("/files/artists/{artist_id}", response_model=ArtistAndAlbumsOut, tags=["library"])
def show_artist(artist_id: ArtistId, caller: SignedIn, db: Db, media: Media) -> Response:
    """An artist with their albums, and with those of others that they play on; at most 1,000 of each."""
    artist = artists.show(db, artist_id, user_id=caller.id)
    own = albums.find(db, user_id=caller.id, artist_id=artist_id, limit=paging.ALL).rows
    others = albums.find(db, user_id=caller.id, appearing_id=artist_id, limit=paging.ALL).rows
    seen = {row["id"] for row in own}
    body = _shown(media, caller, [artist])[0] | {"albums": _shown(media, caller, own)}
    body["appears_on"] = _shown(media, caller, [row for row in others if row["id"] not in seen])
    return Response(json.dumps(body), media_type="application/json")


@router.get("/files/albums", response_model=list[AlbumOut], tags=["library"])
def list_albums(
    request: Request,
    caller: SignedIn,
    db: Db,
    media: Media,
    sort: AlbumSort = AlbumSort.NAME,
    order: Order = None,
    artist_id: UUID | None = None,
    genre: Annotated[Text | None, Query(max_length=255)] = None,
    year_from: Year = None,
    year_to: Year = None,
    starred: bool = False,
    limit: NewLimit = paging.LIMIT,
    offset: Offset = 0,
    cursor: str | None = None,
) -> Response:
    """Your albums, by name; what names no album is in `[Unknown Album]`."""
    ways = Ways(sort.value, order == "desc" if order else sort not in RISING, limit, offset, cursor)
    wanted: dict[str, Any] = {"artist_id": artist_id, "genre": genre, "starred": starred}
    wanted |= {"year_from": year_from, "year_to": year_to}
    page = albums.find(db, user_id=caller.id, **turned(ways, albums.LISTING), **wanted)
    return answer(request, page, _shown(media, caller, page.rows), ways, albums.LISTING)


@router.get("/files/albums/{album_id}", response_model=AlbumAndTracksOut, tags=["library"])
def show_album(album_id: AlbumId, caller: SignedIn, db: Db, media: Media) -> Response:
    """An album with its tracks, in its order."""
    album = albums.show(db, album_id, user_id=caller.id)
    rows = albums.tracks_of(db, album_id, user_id=caller.id)
    addresses = media.playables.of(caller.id, caller.session_id)
    tracks = [shown_track(row, addresses) for row in rows]
    body = _shown(media, caller, [album])[0] | {"tracks": tracks}
    return Response(json.dumps(body), media_type="application/json")


@router.get("/files/genres", response_model=list[GenreOut], tags=["library"])
def list_genres(caller: SignedIn, db: Db) -> Response:
    """The genres of your library, by name."""
    rows = [{name: row[name] for name in GenreOut.model_fields} for row in genres.every(db, user_id=caller.id)]
    return Response(json.dumps(rows), media_type="application/json")


def _shown(media: World, caller: Caller, rows: list[Row]) -> list[dict[str, Any]]:
    return [shown(row, media.playables, user_id=caller.id, session_id=caller.session_id) for row in rows]
