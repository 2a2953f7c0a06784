"""Lists: albums in many orders, songs drawn at random or by genre, whatever has a star."""

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.failures import ParameterWrong
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.library import albums, artists, songs
from services.media.library.files import Row
from services.media.listening import annotations
from services.media.listening.annotations import By
from services.media.models.catalogue import Found

MOST = 500  # rows of a list, as the protocol has it
MOST_STARRED = 10_000  # of each kind: the protocol knows no pages there
ROWS = 10  # where none is asked for
YEARS = 9_999  # the last of them
ALBUMS = {  # what the protocol calls it: the order of `albums.ORDERS`, and whether it is walked backwards
    "random": ("random", False),
    "newest": ("created_at", True),
    "highest": ("rating", True),
    "frequent": ("plays", True),
    "recent": ("played_at", True),
    "alphabeticalByName": ("name", False),
    "alphabeticalByArtist": ("artist", False),
    "starred": ("starred_at", True),
    "byYear": ("year", False),
    "byGenre": ("name", False),
}


@method("getAlbumList2")
def list_albums(call: Signed) -> Answer:
    """Albums in the order of `type`."""
    return {"albumList2": {"album": [shapes.album(row) for row in _albums(call)]}}


@method("getAlbumList")
def list_album_folders(call: Signed) -> Answer:
    """The same as folders."""
    return {"albumList": {"album": [shapes.folder(row) for row in _albums(call)]}}


@method("getRandomSongs")
def draw_songs(call: Signed) -> Answer:
    """Songs at random."""
    asked = call.parameters
    with call.transaction() as db:
        ids = songs.at_random(
            db,
            user_id=call.user_id,
            limit=asked.number("size", ROWS, least=0, most=MOST),
            genre=asked.text("genre", ""),
            first_year=asked.maybe_number("fromYear", most=YEARS),
            last_year=asked.maybe_number("toYear", most=YEARS),
        )
        found = songs.of(db, ids, user_id=call.user_id)
    return {"randomSongs": {"song": [shapes.song(row) for row in found]}}


@method("getSongsByGenre")
def list_songs_by_genre(call: Signed) -> Answer:
    """Songs of a genre."""
    asked = call.parameters
    limit, offset = asked.number("count", ROWS, least=0, most=MOST), asked.offset()
    with call.transaction() as db:
        ids = songs.in_genre(db, asked.text("genre"), user_id=call.user_id, limit=limit, offset=offset)
        found = songs.of(db, ids, user_id=call.user_id)
    return {"songsByGenre": {"song": [shapes.song(row) for row in found]}}


@method("getStarred2")
def list_starred(call: Signed) -> Answer:
    """Artists, albums and songs that have a star."""
    by, on, starred = _starred(call)
    shown = {"artist": [shapes.artist(row) for row in by], "album": [shapes.album(row) for row in on]}
    return {"starred2": shown | {"song": [shapes.song(row) for row in starred]}}


@method("getStarred")
def list_starred_folders(call: Signed) -> Answer:
    """The same as folders."""
    by, on, starred = _starred(call)
    shown = {"artist": [shapes.artist_folder(row) for row in by], "album": [shapes.folder(row) for row in on]}
    return {"starred": shown | {"song": [shapes.song(row) for row in starred]}}


def _albums(call: Signed) -> list[Row]:
    asked = call.parameters
    kind = asked.text("type")
    if kind not in ALBUMS:
        raise ParameterWrong(parameter=f"type is none of {', '.join(ALBUMS)}")
    sort, descending = ALBUMS[kind]
    years: dict[str, int] = {}
    if kind == "byYear":
        first, last = (asked.number(name, least=0, most=YEARS) for name in ("fromYear", "toYear"))
        years, descending = {"year_from": min(first, last), "year_to": max(first, last)}, first > last
    place = {"limit": asked.number("size", ROWS, least=0, most=MOST), "offset": asked.offset()}
    genre = asked.text("genre") if kind == "byGenre" else None
    with call.transaction() as db:
        return albums.walk(db, user_id=call.user_id, sort=sort, descending=descending, genre=genre, **years, **place)


def _starred(call: Signed) -> tuple[list[Row], list[Row], list[Row]]:
    with call.transaction() as db:
        found = {
            target: annotations.listed(db, target, By.STARRED, user_id=call.user_id, limit=MOST_STARRED) for target in Found
        }
        return (
            artists.of(db, found[Found.ARTIST], user_id=call.user_id),
            albums.of(db, found[Found.ALBUM], user_id=call.user_id),
            songs.of(db, found[Found.TRACK], user_id=call.user_id),
        )
