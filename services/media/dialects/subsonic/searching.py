"""Searching artists, albums and songs. An empty text, or `""`, finds everything, so that players can copy a whole library."""

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.dialects.subsonic.lists import MOST
from services.media.library import albums, artists, search, songs
from services.media.library.files import Row
from services.media.models.catalogue import Found

ROWS = 20  # of each kind, where none are asked for
KINDS = {
    Found.ARTIST: ("artist", artists.of),
    Found.ALBUM: ("album", albums.of),
    Found.TRACK: ("song", songs.of),
}


@method("search3")
def search_by_tags(call: Signed) -> Answer:
    """What is found by the beginnings of its words."""
    found = _found(call)
    shown = {
        "artist": [shapes.artist(row) for row in found["artist"]],
        "album": [shapes.album(row) for row in found["album"]],
    }
    return {"searchResult3": shown | {"song": [shapes.song(row) for row in found["song"]]}}


@method("search2")
def search_folders(call: Signed) -> Answer:
    """The same as folders."""
    found = _found(call)
    by = [shapes.artist_folder(row) for row in found["artist"]]
    on = [shapes.folder(row) for row in found["album"]]
    return {"searchResult2": {"artist": by, "album": on, "song": [shapes.song(row) for row in found["song"]]}}


def _found(call: Signed) -> dict[str, list[Row]]:
    asked, user_id, found = call.parameters, call.user_id, {}
    text = asked.text("query")
    pages = {
        kind: (asked.number(f"{name}Count", ROWS, least=0, most=MOST), asked.offset(f"{name}Offset"))
        for kind, (name, _) in KINDS.items()
    }
    with call.transaction() as db:
        for kind, (name, read) in KINDS.items():
            limit, offset = pages[kind]
            hits = search.search(db, text, user_id=user_id, found=kind, limit=limit, offset=offset) if limit else None
            found[name] = read(db, hits.ids, user_id=user_id) if hits else []
    return found
