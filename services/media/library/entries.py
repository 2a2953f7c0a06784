"""Songs told whole, for players: by id, in the order asked for, with who did what, their genres and what is sung.

A page is three statements, however long.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, or_, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library import artists, genres, tracks
from services.media.library.files import Row
from services.media.library.folding import fold
from services.media.library.listing import USER, Listing
from services.media.library.shelving import artist_id
from services.media.models.catalogue import Found
from services.media.models.files import LIBRARY, PLAYABLE, AudioFile

PLAYS = (AudioFile.user_id == USER, AudioFile.state.in_([each.value for each in PLAYABLE]))
LISTENED = (*PLAYS, AudioFile.kind.in_([each.value for each in LIBRARY]))  # what the library shows
_PLAYING = Listing(target=Found.TRACK.value, columns=tracks.SHOWN, id=AudioFile.id, shown=PLAYS, filters={}, orders={})
_LYRICS = select(AudioFile.title, AudioFile.filename, AudioFile.artist, AudioFile.lyrics, AudioFile.synced_lyrics).where(
    *LISTENED
)
_LYRICS_OF = _LYRICS.where(AudioFile.id == bindparam("id", type_=Uuid()))
_LYRICS_NAMED = _LYRICS.where(
    AudioFile.sort_title == bindparam("sort_title"),
    or_(AudioFile.artist_id == bindparam("artist_id", type_=Uuid()), bindparam("artist_id", type_=Uuid()).is_(None)),
    or_(AudioFile.lyrics.is_not(None), AudioFile.synced_lyrics.is_not(None)),
).limit(1)


def songs(db: Session, ids: Sequence[UUID], *, user_id: UUID) -> list[Row]:
    """Songs in the order of their ids, with `credits` (artists by role) and `genres`; those that are not there are left out."""
    found = _PLAYING.of(db, list(ids), user_id=user_id) if ids else []
    of_page = [row["id"] for row in found]
    credits = artists.credited(db, of_page, user_id=user_id) if found else {}
    named = genres.of(db, of_page, user_id=user_id) if found else {}
    return [row | {"credits": credits.get(row["id"], {}), "genres": named.get(row["id"], [])} for row in found]


def lyrics(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """The lyrics of a song, plain and synced, with what it is called. Raises NoSuchFile."""
    found = db.execute(_LYRICS_OF, {"id": file_id, "user_id": user_id}).mappings().first()
    if found is None:
        raise NoSuchFile
    return dict(found)


def lyrics_named(db: Session, title: str, artist: str, *, user_id: UUID) -> Row | None:
    """The same of a song that has lyrics, by its title and, unless that is empty, its first artist."""
    by = artist_id(user_id, artist) if artist else None
    found = db.execute(_LYRICS_NAMED, {"sort_title": fold(title), "artist_id": by, "user_id": user_id}).mappings().first()
    return dict(found) if found else None
