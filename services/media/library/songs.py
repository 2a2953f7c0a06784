"""Songs, for players: told whole, with who did what and their genres; and their ids in the orders that players ask for.

A page is three statements, however long.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Select, String, Uuid, any_, bindparam, func, select, union
from sqlalchemy.orm import Session

from services.media.library import artists, genres, tracks
from services.media.library.files import Row
from services.media.library.folding import fold
from services.media.library.listing import USER, Listing
from services.media.models.catalogue import Credit, FileGenre, Found, Role
from services.media.models.files import LIBRARY, PLAYABLE, AudioFile
from services.media.models.listening import Annotation

MOST_ALIKE = 2_000  # songs of one genre, or of one artist, that similar ones are drawn from

PLAYS = (AudioFile.user_id == USER, AudioFile.state.in_([each.value for each in PLAYABLE]))
LISTENED = (*PLAYS, AudioFile.kind.in_([each.value for each in LIBRARY]))  # what the library shows
_PLAYING = Listing(target=Found.TRACK.value, columns=tracks.SHOWN, id=AudioFile.id, shown=PLAYS, filters={}, orders={})
_ID = bindparam("id", type_=Uuid())
_KEYS = bindparam("keys", type_=ARRAY(String()))
_LIMIT, _OFFSET = bindparam("limit", type_=Integer), bindparam("offset", type_=Integer)

_SONGS = select(AudioFile.id).where(*LISTENED)
_IN_GENRE = (
    _SONGS.join(FileGenre, FileGenre.file_id == AudioFile.id)
    .where(FileGenre.user_id == USER, FileGenre.genre_key == bindparam("genre_key"))
    .order_by(FileGenre.file_id)
)
_CREDITED = select(Credit.file_id).where(Credit.user_id == USER, Credit.artist_id == _ID, Credit.role == bindparam("role"))
_TOP = (
    _SONGS.outerjoin(
        Annotation,
        (Annotation.user_id == USER) & (Annotation.target == Found.TRACK.value) & (Annotation.target_id == AudioFile.id),
    )
    .where(AudioFile.id.in_(_CREDITED))
    .order_by(func.coalesce(Annotation.play_count, 0).desc(), Annotation.rating.desc().nulls_last(), AudioFile.id)
)

# What is like a song, an album or an artist: what shares a genre with it, and what else its artists play.
_OF_SEED = select(AudioFile.id).where(
    AudioFile.user_id == USER, (AudioFile.id == _ID) | (AudioFile.album_id == _ID) | (AudioFile.artist_id == _ID)
)
_SEED_KEYS = select(FileGenre.genre_key.distinct()).where(FileGenre.user_id == USER, FileGenre.file_id.in_(_OF_SEED.limit(100)))
_SEED_ARTISTS = select(AudioFile.artist_id.distinct()).where(AudioFile.user_id == USER, AudioFile.id.in_(_OF_SEED.limit(100)))
_ALIKE = union(
    select(FileGenre.file_id)
    .where(FileGenre.user_id == USER, FileGenre.genre_key == any_(_KEYS))
    .limit(MOST_ALIKE)
    .subquery()
    .select(),
    select(AudioFile.id)
    .where(AudioFile.user_id == USER, AudioFile.artist_id == any_(bindparam("artists", type_=ARRAY(Uuid()))))
    .limit(MOST_ALIKE)
    .subquery()
    .select(),
).subquery("alike")
_SIMILAR = _SONGS.where(AudioFile.id.in_(select(_ALIKE.c[0])), AudioFile.id != _ID).order_by(func.random()).limit(_LIMIT)


def of(db: Session, ids: Sequence[UUID], *, user_id: UUID) -> list[Row]:
    """Songs in the order of their ids, with `credits` (artists by role) and `genres`; those that are not there are left out."""
    found = _PLAYING.of(db, list(ids), user_id=user_id) if ids else []
    of_page = [row["id"] for row in found]
    credits = artists.credited(db, of_page, user_id=user_id) if found else {}
    named = genres.of(db, of_page, user_id=user_id) if found else {}
    return [row | {"credits": credits.get(row["id"], {}), "genres": named.get(row["id"], [])} for row in found]


def in_genre(db: Session, genre: str, *, user_id: UUID, limit: int, offset: int) -> list[UUID]:
    """Songs of a genre, the oldest first."""
    walk = _IN_GENRE.limit(_LIMIT).offset(_OFFSET)
    return _ids(db, walk, {"genre_key": fold(genre)}, user_id=user_id, limit=limit, offset=offset)


def at_random(
    db: Session, *, user_id: UUID, limit: int, genre: str = "", first_year: int | None = None, last_year: int | None = None
) -> list[UUID]:
    """Songs drawn at random, of a genre and of some years where that is asked."""
    drawn = _SONGS
    if genre:
        drawn = drawn.join(FileGenre, FileGenre.file_id == AudioFile.id).where(
            FileGenre.user_id == USER, FileGenre.genre_key == fold(genre)
        )
    if first_year is not None:
        drawn = drawn.where(AudioFile.year >= first_year)
    if last_year is not None:
        drawn = drawn.where(AudioFile.year <= last_year)
    return _ids(db, drawn.order_by(func.random()).limit(_LIMIT), {}, user_id=user_id, limit=limit)


def top(db: Session, artist_id: UUID, *, user_id: UUID, limit: int) -> list[UUID]:
    """Songs of an artist, those first that this listener played most."""
    return _ids(db, _TOP.limit(_LIMIT), {"id": artist_id, "role": Role.ARTIST.value}, user_id=user_id, limit=limit)


def similar(db: Session, seed_id: UUID, *, user_id: UUID, limit: int) -> list[UUID]:
    """Songs drawn from those that are like a song, an album or an artist: of the same genres, or by the same artists."""
    facts = {"id": seed_id, "user_id": user_id}
    keys, artists = list(db.scalars(_SEED_KEYS, facts)), list(db.scalars(_SEED_ARTISTS, facts))
    return _ids(db, _SIMILAR, {"id": seed_id, "keys": keys, "artists": artists}, user_id=user_id, limit=limit)


def _ids(db: Session, walk: Select[Any], facts: dict[str, Any], **more: Any) -> list[UUID]:
    known: Sequence[UUID] = db.scalars(walk, facts | more).all()
    return list(known)
