"""Browsing: artists, their albums, the songs on them; by tags, and as folders for older players."""

from itertools import groupby
from typing import Any
from uuid import UUID

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.failures import NothingThere
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.dialects.subsonic.system import MUSIC_FOLDER
from services.media.library import albums, artists, genres, songs, tracks
from services.media.library.files import Row
from services.media.library.shelving import artist_id
from shared import clock

OTHERS = "#"  # in the index: names that begin with no letter
TOP_SONGS = 50  # unless asked otherwise
MOST = 500  # of any list
EVERYBODY = 100_000  # artists of an index, which has no pages


@method("getArtists")
def list_artists(call: Signed) -> Answer:
    """Everybody who has an album, by letter."""
    with call.transaction() as db:
        found = _album_artists(db, call.user_id)
    index = [{"name": letter, "artist": [shapes.artist(row) for row in rows]} for letter, rows in _by_letter(found)]
    return {"artists": {"ignoredArticles": shapes.IGNORED_ARTICLES, "index": index}}


@method("getIndexes")
def list_folders(call: Signed) -> Answer:
    """The same as folders. They are always as of now: what a player has kept is never said to be good still."""
    with call.transaction() as db:
        found = _album_artists(db, call.user_id)
    index = [{"name": letter, "artist": [shapes.artist_folder(row) for row in rows]} for letter, rows in _by_letter(found)]
    changed = int(clock.now().timestamp() * 1000)
    return {"indexes": {"ignoredArticles": shapes.IGNORED_ARTICLES, "lastModified": changed, "index": index}}


@method("getArtist")
def show_artist(call: Signed) -> Answer:
    """An artist and their albums."""
    artist, theirs = _artist_and_albums(call)
    shown = shapes.artist(artist) | {"albumCount": len(theirs), "album": [shapes.album(row) for row in theirs]}
    return {"artist": shown}


@method("getAlbum")
def show_album(call: Signed) -> Answer:
    """An album and its songs, as it plays."""
    album, on_it = _album_and_songs(call)
    return {"album": shapes.album(album) | {"song": [shapes.song(row) for row in on_it]}}


@method("getSong")
def show_song(call: Signed) -> Answer:
    """One song."""
    with call.transaction() as db:
        found = songs.of(db, [call.parameters.id()], user_id=call.user_id)
    return {"song": shapes.song(one(found))}


@method("getMusicDirectory")
def show_folder(call: Signed) -> Answer:
    """What is in a folder: artists in the library's, albums in an artist's, songs in an album's."""
    if call.parameters.text("id") == str(MUSIC_FOLDER["id"]):
        with call.transaction() as db:
            everybody = _album_artists(db, call.user_id)
        inside = [
            {"id": str(row["id"]), "isDir": True, "title": row["name"], "coverArt": f"ar-{row['id']}"} for row in everybody
        ]
        return {"directory": {"id": str(MUSIC_FOLDER["id"]), "name": MUSIC_FOLDER["name"], "child": inside}}
    try:
        album, on_it = _album_and_songs(call)
    except NothingThere:
        artist, theirs = _artist_and_albums(call)
        shown = shapes.artist_folder(artist) | {"parent": str(MUSIC_FOLDER["id"])}
        return {"directory": shown | {"child": [shapes.folder(row) for row in theirs]}}
    folder = shapes.folder(album)
    named = {name: folder[name] for name in ("id", "parent", "starred", "userRating", "playCount")}
    return {"directory": named | {"name": album["name"], "child": [shapes.song(row) for row in on_it]}}


@method("getGenres")
def list_genres(call: Signed) -> Answer:
    """Every genre, with how much there is of it."""
    with call.transaction() as db:
        found = genres.every(db, user_id=call.user_id)
    shown = [{"value": row["name"], "songCount": row["song_count"], "albumCount": row["album_count"]} for row in found]
    return {"genres": {"genre": shown}}


@method("getTopSongs")
def list_top_songs(call: Signed) -> Answer:
    """Songs of an artist, by `id` or by name, those first that you played most."""
    asked = call.parameters
    artist = asked.maybe_id("id") or artist_id(call.user_id, asked.text("artist"))
    count = asked.number("count", TOP_SONGS, least=0, most=MOST)
    with call.transaction() as db:
        ids = songs.top(db, artist, user_id=call.user_id, limit=count)
        found = songs.of(db, ids, user_id=call.user_id)
    return {"topSongs": {"song": [shapes.song(row) for row in found]}}


@method("getSimilarSongs")
def list_similar(call: Signed) -> Answer:
    """Songs like a song, an album or an artist."""
    return {"similarSongs": {"song": _similar(call)}}


@method("getSimilarSongs2")
def list_similar_by_tags(call: Signed) -> Answer:
    """The same; ids are ids."""
    return {"similarSongs2": {"song": _similar(call)}}


@method("getArtistInfo")
def tell_of_artist(call: Signed) -> Answer:
    """What is known of an artist besides: their picture."""
    return {"artistInfo": _told_of_artist(call)}


@method("getArtistInfo2")
def tell_of_artist_by_tags(call: Signed) -> Answer:
    """The same; ids are ids."""
    return {"artistInfo2": _told_of_artist(call)}


@method("getAlbumInfo", "getAlbumInfo2")
def tell_of_album(call: Signed) -> Answer:
    """What is known of an album besides: its picture, and its MusicBrainz id."""
    with call.transaction() as db:
        ids = [call.parameters.id()]
        found = songs.of(db, ids, user_id=call.user_id)
        album = one(albums.of(db, [found[0]["album_id"]] if found else ids, user_id=call.user_id))
    return {"albumInfo": {"notes": "", "musicBrainzId": album["musicbrainz_id"], **_pictures(call, album["cover_file_id"])}}


def one(found: list[Row]) -> Row:
    """The only one. Raises NothingThere."""
    if not found:
        raise NothingThere
    return found[0]


def _artist_and_albums(call: Signed) -> tuple[Row, list[Row]]:
    with call.transaction() as db:
        artist = one(artists.of(db, [call.parameters.id()], user_id=call.user_id))
        return artist, albums.by(db, artist["id"], user_id=call.user_id)


def _album_and_songs(call: Signed) -> tuple[Row, list[Row]]:
    with call.transaction() as db:
        album = one(albums.of(db, [call.parameters.id()], user_id=call.user_id))
        ids = tracks.ids_on_album(db, album["id"], user_id=call.user_id)
        return album, songs.of(db, ids, user_id=call.user_id)


def _album_artists(db: Any, user_id: UUID) -> list[Row]:
    return artists.find(db, user_id=user_id, sort="name", limit=EVERYBODY, with_albums=True).rows


def _similar(call: Signed) -> list[shapes.Entry]:
    count = call.parameters.number("count", TOP_SONGS, least=0, most=MOST)
    with call.transaction() as db:
        ids = songs.similar(db, call.parameters.id(), user_id=call.user_id, limit=count)
        return [shapes.song(row) for row in songs.of(db, ids, user_id=call.user_id)]


def _told_of_artist(call: Signed) -> dict[str, Any]:
    with call.transaction() as db:
        ids = [call.parameters.id()]
        others = songs.of(db, ids, user_id=call.user_id) or albums.of(db, ids, user_id=call.user_id)
        artist = one(artists.of(db, [others[0]["artist_id"]] if others else ids, user_id=call.user_id))
    return _pictures(call, artist["cover_file_id"]) | {"similarArtist": []}


def _pictures(call: Signed, cover_file_id: Any) -> dict[str, str]:
    """Addresses that show a cover by themselves, as long as any playable address."""
    if cover_file_id is None:
        return {}
    address = call.media.playables.url(cover_file_id, "cover", user_id=call.user_id, session_id=call.by.caller.session_id)
    return dict.fromkeys(("smallImageUrl", "mediumImageUrl", "largeImageUrl"), address)


def _by_letter(artists: list[Row]) -> list[tuple[str, list[Row]]]:
    """Artists by the letter that they are sorted under; whoever has none comes last."""

    def letter(row: Row) -> str:
        first = str(row["sort_name"])[:1].upper()
        return first if first.isalpha() else OTHERS

    ordered = sorted(artists, key=lambda row: (letter(row) == OTHERS, letter(row)))
    return [(first, list(rows)) for first, rows in groupby(ordered, letter)]
