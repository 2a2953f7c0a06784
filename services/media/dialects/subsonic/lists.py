"""Lists: albums in many orders, songs drawn at random or by genre, whatever has a star."""

from services.media.dialects.subsonic import entries
from services.media.dialects.subsonic.failures import ParameterWrong
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.library import albums, artists, shelves
from services.media.library import entries as library
from services.media.library.files import Row
from services.media.library.shelves import AlbumOrder
from services.media.listening import annotations
from services.media.listening.annotations import By
from services.media.models.catalogue import Found

MOST = 500  # rows of a list, as the protocol has it
MOST_STARRED = 10_000  # of each kind: the protocol knows no pages there
ROWS = 10  # where none is asked for
YEARS = 9_999  # the last of them


@method("getAlbumList2")
def list_albums(call: Signed) -> Answer:
    """Albums in the order of `type`."""
    return {"albumList2": {"album": [entries.album(row) for row in _albums(call)]}}


@method("getAlbumList")
def list_album_folders(call: Signed) -> Answer:
    """The same as folders."""
    return {"albumList": {"album": [entries.folder(row) for row in _albums(call)]}}


@method("getRandomSongs")
def draw_songs(call: Signed) -> Answer:
    """Songs at random."""
    asked = call.parameters
    with call.transaction() as db:
        ids = shelves.random_songs(
            db,
            user_id=call.user_id,
            limit=asked.number("size", ROWS, least=0, most=MOST),
            genre=asked.text("genre", ""),
            first_year=asked.maybe_number("fromYear", most=YEARS),
            last_year=asked.maybe_number("toYear", most=YEARS),
        )
        found = library.songs(db, ids, user_id=call.user_id)
    return {"randomSongs": {"song": [entries.song(row) for row in found]}}


@method("getSongsByGenre")
def list_songs_by_genre(call: Signed) -> Answer:
    """Songs of a genre."""
    asked = call.parameters
    limit, offset = asked.number("count", ROWS, least=0, most=MOST), asked.offset()
    with call.transaction() as db:
        ids = shelves.songs_in_genre(db, asked.text("genre"), user_id=call.user_id, limit=limit, offset=offset)
        found = library.songs(db, ids, user_id=call.user_id)
    return {"songsByGenre": {"song": [entries.song(row) for row in found]}}


@method("getStarred2")
def list_starred(call: Signed) -> Answer:
    """Artists, albums and songs that have a star."""
    by, on, songs = _starred(call)
    shown = {"artist": [entries.artist(row) for row in by], "album": [entries.album(row) for row in on]}
    return {"starred2": shown | {"song": [entries.song(row) for row in songs]}}


@method("getStarred")
def list_starred_folders(call: Signed) -> Answer:
    """The same as folders."""
    by, on, songs = _starred(call)
    shown = {"artist": [entries.artist_folder(row) for row in by], "album": [entries.folder(row) for row in on]}
    return {"starred": shown | {"song": [entries.song(row) for row in songs]}}


def _albums(call: Signed) -> list[Row]:
    asked = call.parameters
    kind = asked.text("type")
    if kind not in set(AlbumOrder):
        raise ParameterWrong(parameter=f"type is none of {', '.join(AlbumOrder)}")
    order, years = AlbumOrder(kind), (0, 0)
    if order is AlbumOrder.BY_YEAR:
        years = (asked.number("fromYear", least=0, most=YEARS), asked.number("toYear", least=0, most=YEARS))
    genre = asked.text("genre") if order is AlbumOrder.BY_GENRE else ""
    limit, offset = asked.number("size", ROWS, least=0, most=MOST), asked.offset()
    with call.transaction() as db:
        ids = shelves.albums(db, order, user_id=call.user_id, limit=limit, offset=offset, genre=genre, years=years)
        return albums.of(db, ids, user_id=call.user_id)


def _starred(call: Signed) -> tuple[list[Row], list[Row], list[Row]]:
    with call.transaction() as db:
        found = {
            target: annotations.listed(db, target, By.STARRED, user_id=call.user_id, limit=MOST_STARRED) for target in Found
        }
        return (
            artists.of(db, found[Found.ARTIST], user_id=call.user_id),
            albums.of(db, found[Found.ALBUM], user_id=call.user_id),
            library.songs(db, found[Found.TRACK], user_id=call.user_id),
        )
