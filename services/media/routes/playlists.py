"""`/playlists`: lists of tracks in an order of one's own, and lists that rules make."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Header, Query, Request, Response
from pydantic import BeforeValidator

from services.media.errors import NoCover, NoSuchPlaylist
from services.media.library.files import Page, Row
from services.media.library.tracks import MOST_TRACKS
from services.media.playing import covers
from services.media.playlists import entries, lists
from services.media.routes.needs import PICTURE, FileId, Media
from services.media.schemas import playlists as shapes
from services.media.schemas.playlists import (
    ChangedOut,
    FoundPlaylistsOut,
    FoundTracksOut,
    NewPlace,
    NewPlaylist,
    NewTracks,
    PlaylistChange,
    PlaylistOut,
    PlaylistsOut,
    PlaylistTracksOut,
    SuggestionsOut,
    TrackPlace,
)
from services.media.world import World
from shared import db as database
from shared import json, paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, SignedInUncounted, id_or, once, shell
from shared.identity import Caller
from shared.schemas import Text

router = new_router()

MAX_TRACKS_LISTED = 5_000  # of all playlists of a page together; the page ends before one more would not fit


def _playlist_id(text: str) -> UUID:
    return id_or(NoSuchPlaylist, text)


PlaylistId = Annotated[UUID, BeforeValidator(_playlist_id)]
IfMatch = Annotated[str | None, Header(description="The ETag that your change is meant for; 412 where it has changed since.")]
Places = Annotated[list[TrackPlace], Body(max_length=MOST_TRACKS)]
Limit = Annotated[int, Query(ge=1, le=paging.ALL)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Words = Annotated[Text, Query(min_length=1, max_length=255)]


@router.get("/playlists", response_model=list[PlaylistOut], tags=["playlists"])
def list_playlists(
    request: Request,
    caller: SignedIn,
    db: Db,
    media: Media,
    public: bool = False,
    tracks: bool = True,
    limit: Limit = paging.ALL,
    offset: Offset = 0,
    skip: Offset = 0,
) -> Response:
    """Your playlists, newest first; with `public=true` those that anybody has made public, without their tracks.

    `tracks=false` leaves tracks out. A page ends early where its playlists hold more than 5,000 tracks; `Link` goes on.
    """
    begin, which = offset or skip, lists.PUBLIC if public else lists.MINE
    page = lists.page(db, user_id=caller.id, which=which, limit=limit, offset=begin)
    rows = page.rows if public or not tracks else _that_fit(page.rows)
    has_more = page.has_more or len(rows) < len(page.rows)
    headers = _headers(request, page.total, begin + len(rows) if has_more else None)
    return _json(_with_tracks(db, media, caller, rows, tracks=tracks), headers=headers)


@router.post("/playlists", status_code=201, response_model=PlaylistOut, dependencies=[once], tags=["playlists"])
def create_playlist(new: NewPlaylist, caller: SignedIn, db: Db, media: Media) -> Response:
    """Start a playlist of your own, empty or with some tracks; or a smart one, which holds whatever meets its `rules`."""
    row = lists.create(db, user_id=caller.id, **new.model_dump(exclude={"tracks"}))
    if new.tracks:
        row = entries.add(db, row["id"], new.tracks, user_id=caller.id)
    headers = _tag(row) | {"Location": f"/playlists/{row['id']}"}
    return _json(_whole(db, media, caller, row), 201, headers)


@router.get("/playlists/search", response_model=FoundPlaylistsOut, tags=["playlists"])
def search_playlists(
    caller: SignedIn,
    db: Db,
    media: Media,
    query: Words,
    search_in_tracks: bool = False,
    search_in_description: bool = True,
    limit: Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)] = paging.LIMIT,
    offset: Offset = 0,
) -> Response:
    """Those of your playlists whose name holds these words; whose description does, or a track, if you want that."""
    wanted = {"in_descriptions": search_in_description, "in_tracks": search_in_tracks}
    page = lists.search(db, query, user_id=caller.id, limit=limit, offset=offset, **wanted)
    asked = {"search_query": query, "search_in_tracks": search_in_tracks, "search_in_description": search_in_description}
    return _json({"playlists": _with_tracks(db, media, caller, _that_fit(page.rows)), "total_results": page.total} | asked)


@router.get("/playlists/suggestions", response_model=SuggestionsOut, tags=["playlists"])
def suggest_playlists(
    caller: SignedIn, db: Db, query: Words, limit: Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)] = 5
) -> Response:
    """Names of your playlists in which a word begins so."""
    return _json({"suggestions": lists.suggest(db, query, user_id=caller.id, limit=limit)})


@router.get("/playlists/recent", response_model=PlaylistsOut, tags=["playlists"])
def list_recent_playlists(
    caller: SignedIn, db: Db, media: Media, limit: Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)] = 10
) -> Response:
    """Your playlists, those first that changed last."""
    page = lists.page(db, user_id=caller.id, order="recent", limit=limit)
    return _json(_enveloped(db, media, caller, page))


@router.get("/playlists/popular", response_model=PlaylistsOut, tags=["playlists"])
def list_popular_playlists(
    caller: SignedIn, db: Db, media: Media, limit: Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)] = 10
) -> Response:
    """Your playlists and everybody's public ones, those with the most tracks first. The tracks of others' are not shown."""
    page = lists.page(db, user_id=caller.id, which=lists.VISIBLE, order="popular", limit=limit)
    return _json(_enveloped(db, media, caller, page))


@router.get("/playlists/{playlist_id}", response_model=PlaylistOut, tags=["playlists"])
def show_playlist(playlist_id: PlaylistId, caller: SignedIn, db: Db, media: Media) -> Response:
    """A playlist of yours, or a public one, with its tracks in their order. Its ETag is for `If-Match` of changes."""
    row = lists.show(db, playlist_id, user_id=caller.id)
    return _json(_whole(db, media, caller, row), headers=_tag(row))


@router.put("/playlists/{playlist_id}", response_model=PlaylistOut, tags=["playlists"])
@router.patch("/playlists/{playlist_id}", response_model=PlaylistOut, tags=["playlists"])
def change_playlist(
    playlist_id: PlaylistId, change: PlaylistChange, caller: SignedIn, db: Db, media: Media, if_match: IfMatch = None
) -> Response:
    """Name it anew, describe it, make it public or private again, or give it other rules. What you do not name stays."""
    facts = change.model_dump(exclude_unset=True)
    row = lists.change(db, playlist_id, user_id=caller.id, versions=_versions(if_match), **facts)
    return _json(_whole(db, media, caller, row), headers=_tag(row))


@router.delete("/playlists/{playlist_id}", response_model=ChangedOut, tags=["playlists"])
def delete_playlist(playlist_id: PlaylistId, caller: SignedIn, db: Db, if_match: IfMatch = None) -> Response:
    """Delete a playlist. Its tracks stay in your library."""
    lists.delete_one(db, playlist_id, user_id=caller.id, versions=_versions(if_match))
    return _json({"message": "The playlist is deleted.", "version": 0, "track_count": 0})


@router.get("/playlists/{playlist_id}/tracks", response_model=PlaylistTracksOut, tags=["playlists"])
def list_playlist_tracks(playlist_id: PlaylistId, caller: SignedIn, db: Db, media: Media) -> Response:
    """The tracks of a playlist in their order."""
    row = lists.show(db, playlist_id, user_id=caller.id)
    found = _whole(db, media, caller, row)["tracks"]
    return _json({"tracks": found, "total": len(found)}, headers=_tag(row))


@router.post(
    "/playlists/{playlist_id}/tracks", status_code=201, response_model=ChangedOut, dependencies=[once], tags=["playlists"]
)
def add_tracks(playlist_id: PlaylistId, new: NewTracks, caller: SignedIn, db: Db, if_match: IfMatch = None) -> Response:
    """Put several of your tracks into a playlist: all of them, or none."""
    facts: dict[str, Any] = {"at": new.position, "versions": _versions(if_match)}
    return _changed(entries.add(db, playlist_id, new.track_ids, user_id=caller.id, **facts), "The tracks are in it.", 201)


@router.get("/playlists/{playlist_id}/tracks/search", response_model=FoundTracksOut, tags=["playlists"])
def search_playlist_tracks(
    playlist_id: PlaylistId,
    caller: SignedIn,
    db: Db,
    media: Media,
    query: Words,
    limit: Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)] = paging.LIMIT,
    offset: Offset = 0,
) -> Response:
    """Those tracks of a playlist whose title, artist, album or file name holds these words."""
    row = lists.show(db, playlist_id, user_id=caller.id)
    _as_owner(db, row, caller)
    rows = entries.search(entries.tracks(db, row), query)
    found = _tracks(media, caller, rows[offset : offset + limit])
    return _json({"tracks": found, "total_results": len(rows), "search_query": query, "playlist_id": playlist_id})


@router.put("/playlists/{playlist_id}/tracks/reorder", response_model=ChangedOut, tags=["playlists"])
def reorder_tracks(playlist_id: PlaylistId, places: Places, caller: SignedIn, db: Db, if_match: IfMatch = None) -> Response:
    """Put each named track at its index, lowest first; the others keep their order around them."""
    wanted = [(each.track_id, each.position) for each in places]
    row = entries.reorder(db, playlist_id, wanted, user_id=caller.id, versions=_versions(if_match))
    return _changed(row, "The order is changed.")


@router.post(
    "/playlists/{playlist_id}/tracks/{track_id}",
    status_code=201,
    response_model=ChangedOut,
    dependencies=[once],
    tags=["playlists"],
)
def add_track(
    playlist_id: PlaylistId,
    track_id: FileId,
    caller: SignedIn,
    db: Db,
    new: NewPlace | None = None,
    if_match: IfMatch = None,
) -> Response:
    """Put one of your tracks into a playlist, at an index or behind the last; it may be in it twice."""
    facts: dict[str, Any] = {"at": new.position if new else None, "versions": _versions(if_match)}
    return _changed(entries.add(db, playlist_id, [track_id], user_id=caller.id, **facts), "The track is in it.", 201)


@router.delete("/playlists/{playlist_id}/tracks/{track_id}", response_model=ChangedOut, tags=["playlists"])
def remove_track(
    playlist_id: PlaylistId,
    track_id: FileId,
    caller: SignedIn,
    db: Db,
    entry_id: UUID | None = None,
    if_match: IfMatch = None,
) -> Response:
    """Take a track out of a playlist, as often as it is in it; with `entry_id` only that once."""
    facts: dict[str, Any] = {"entry_id": entry_id, "versions": _versions(if_match)}
    return _changed(entries.remove(db, playlist_id, track_id, user_id=caller.id, **facts), "The track is out of it.")


@router.head("/playlists/{playlist_id}/cover", include_in_schema=False)
@router.get("/playlists/{playlist_id}/cover", response_class=Response, responses=PICTURE, tags=["playlists"])
def show_playlist_cover(request: Request, playlist_id: PlaylistId, caller: SignedInUncounted, media: Media) -> Response:
    """The cover of the first track that has one."""
    with database.transaction(shell(request).engine, user_id=caller.id) as db:
        row = lists.show(db, playlist_id, user_id=caller.id)
        _as_owner(db, row, caller)
        covered = next((each for each in entries.tracks(db, row) if each["cover_key"]), None)
    if covered is None:
        raise NoCover
    file = media.places.find(shell(request).engine, covered["id"], user_id=row["user_id"])
    return covers.answer(request, file, media)


def _versions(if_match: str | None) -> lists.Versions:
    """The versions that an If-Match names; None where any will do. What is no version of ours matches nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = [each.strip() for each in if_match.split(",")]
    return [int(each[1:-1]) for each in tags if each[:1] == each[-1:] == '"' and each[1:-1].isascii() and each[1:-1].isdigit()]


def _tag(row: Row) -> dict[str, str]:
    return {"ETag": f'"{row["version"]}"', "Cache-Control": "private, no-cache"}


def _that_fit(rows: list[Row]) -> list[Row]:
    """The first of some playlists, whose tracks can be listed together; always one."""
    total = 0
    for number, row in enumerate(rows):
        total += row["track_count"]
        if total > MAX_TRACKS_LISTED and number:
            return rows[:number]
    return rows


def _as_owner(db: Any, row: Row, caller: Caller) -> None:
    """Go on as the owner of a playlist that the caller may read."""
    if row["user_id"] != caller.id:
        database.become(db, row["user_id"])


def _whole(db: Any, media: World, caller: Caller, row: Row) -> dict[str, Any]:
    _as_owner(db, row, caller)
    return shapes.playlist(row, _tracks(media, caller, entries.tracks(db, row)))


def _tracks(media: World, caller: Caller, rows: list[Row]) -> list[dict[str, Any]]:
    return [shapes.track(row, media.playables, reader_id=caller.id, session_id=caller.session_id) for row in rows]


def _with_tracks(db: Any, media: World, caller: Caller, rows: list[Row], *, tracks: bool = True) -> list[dict[str, Any]]:
    """Playlists with the tracks of the caller's own ones; what rules make is looked up one playlist at a time."""
    mine = [row["id"] for row in rows if tracks and row["user_id"] == caller.id and row["rules"] is None]
    found = entries.of(db, mine, user_id=caller.id)
    return [shapes.playlist(row, _tracks(media, caller, found[row["id"]]) if row["id"] in found else None) for row in rows]


def _enveloped(db: Any, media: World, caller: Caller, page: Page) -> dict[str, Any]:
    return {"playlists": _with_tracks(db, media, caller, _that_fit(page.rows)), "total": page.total}


def _headers(request: Request, total: int, following: int | None) -> dict[str, str]:
    return paging.offset_headers("/playlists", request.query_params.multi_items(), total=total, next_offset=following)


def _changed(row: Row, message: str, status: int = 200) -> Response:
    return _json({"message": message, "version": row["version"], "track_count": row["track_count"]}, status, _tag(row))


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(document), status, headers, "application/json")
