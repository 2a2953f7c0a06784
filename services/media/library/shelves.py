"""Walks along the shelves: ids of albums and songs in the orders that players ask for. `entries` tells what they are."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Select, String, Uuid, any_, bindparam, func, select, union
from sqlalchemy.orm import Session

from services.media.library.entries import LISTENED
from services.media.library.folding import fold
from services.media.models.catalogue import Album, Credit, FileGenre, Found, Role
from services.media.models.files import LIBRARY, AudioFile, FileCount, State
from services.media.models.listening import Annotation

MOST_ALIKE = 2_000  # songs of one genre, or of one artist, that similar ones are drawn from
MOST_OF_ONE = 10_000  # songs of an album: those without one are all in one

_USER = bindparam("user_id", type_=Uuid())
_ID = bindparam("id", type_=Uuid())
_KEYS = bindparam("keys", type_=ARRAY(String()))
_LIMIT, _OFFSET = bindparam("limit", type_=Integer), bindparam("offset", type_=Integer)


class AlbumOrder(StrEnum):
    """How albums are walked along."""

    RANDOM = "random"
    NEWEST = "newest"
    HIGHEST = "highest"  # rated
    FREQUENT = "frequent"
    RECENT = "recent"  # played
    BY_NAME = "alphabeticalByName"
    BY_ARTIST = "alphabeticalByArtist"
    STARRED = "starred"
    BY_YEAR = "byYear"
    BY_GENRE = "byGenre"


_MINE = select(Album.id).where(Album.user_id == _USER)
_ANNOTATED = _MINE.join(Annotation, Annotation.target_id == Album.id).where(
    Annotation.user_id == _USER, Annotation.target == Found.ALBUM.value
)
_HAS_GENRE = (
    select(AudioFile.album_id)
    .join(FileGenre, FileGenre.file_id == AudioFile.id)
    .where(FileGenre.user_id == _USER, FileGenre.genre_key == bindparam("genre_key"), AudioFile.user_id == _USER)
)
_YEARS = Album.year.between(bindparam("first"), bindparam("last"))
_ALBUMS: dict[str, Select[Any]] = {
    AlbumOrder.RANDOM: _MINE.order_by(func.random()),
    AlbumOrder.NEWEST: _MINE.order_by(Album.created_at.desc(), Album.id.desc()),
    AlbumOrder.HIGHEST: _ANNOTATED.where(Annotation.rating.is_not(None)).order_by(Annotation.rating.desc(), Album.id),
    AlbumOrder.FREQUENT: _ANNOTATED.where(Annotation.play_count > 0).order_by(Annotation.play_count.desc(), Album.id),
    AlbumOrder.RECENT: _ANNOTATED.where(Annotation.played_at.is_not(None)).order_by(Annotation.played_at.desc(), Album.id),
    AlbumOrder.BY_NAME: _MINE.order_by(Album.sort_name, Album.id),
    AlbumOrder.BY_ARTIST: _MINE.order_by(Album.sort_artist, Album.sort_name, Album.id),
    AlbumOrder.STARRED: _ANNOTATED.where(Annotation.starred_at.is_not(None)).order_by(Annotation.starred_at.desc(), Album.id),
    AlbumOrder.BY_YEAR: _MINE.where(_YEARS).order_by(Album.year, Album.id),
    AlbumOrder.BY_GENRE: _MINE.where(Album.id.in_(_HAS_GENRE)).order_by(Album.sort_name, Album.id),
}
_YEARS_BACKWARDS = _MINE.where(_YEARS).order_by(Album.year.desc(), Album.id.desc())

_SONGS = select(AudioFile.id).where(*LISTENED)
_ON_ALBUM = _SONGS.where(AudioFile.album_id == _ID).order_by(
    AudioFile.disc_number.nulls_first(), AudioFile.track_number.nulls_first(), AudioFile.sort_title, AudioFile.id
)
_IN_GENRE = (
    _SONGS.join(FileGenre, FileGenre.file_id == AudioFile.id)
    .where(FileGenre.user_id == _USER, FileGenre.genre_key == bindparam("genre_key"))
    .order_by(FileGenre.file_id)
)
_CREDITED = select(Credit.file_id).where(Credit.user_id == _USER, Credit.artist_id == _ID, Credit.role == bindparam("role"))
_ALBUMS_OF = _MINE.where(
    Album.id.in_(select(AudioFile.album_id).where(AudioFile.id.in_(_CREDITED), AudioFile.user_id == _USER))
).order_by(Album.year.nulls_last(), Album.sort_name, Album.id)
_TOP = (
    _SONGS.outerjoin(
        Annotation,
        (Annotation.user_id == _USER) & (Annotation.target == Found.TRACK.value) & (Annotation.target_id == AudioFile.id),
    )
    .where(AudioFile.id.in_(_CREDITED))
    .order_by(func.coalesce(Annotation.play_count, 0).desc(), Annotation.rating.desc().nulls_last(), AudioFile.id)
)
_HOW_MANY = select(func.coalesce(func.sum(FileCount.files), 0)).where(
    FileCount.user_id == _USER, FileCount.kind.in_([each.value for each in LIBRARY]), FileCount.state == State.READY.value
)

# What is like a song, an album or an artist: what shares a genre with it, and what else its artists play.
_OF_SEED = select(AudioFile.id).where(
    AudioFile.user_id == _USER, (AudioFile.id == _ID) | (AudioFile.album_id == _ID) | (AudioFile.artist_id == _ID)
)
_SEED_KEYS = select(FileGenre.genre_key.distinct()).where(
    FileGenre.user_id == _USER, FileGenre.file_id.in_(_OF_SEED.limit(100))
)
_SEED_ARTISTS = select(AudioFile.artist_id.distinct()).where(AudioFile.user_id == _USER, AudioFile.id.in_(_OF_SEED.limit(100)))
_ALIKE = union(
    select(FileGenre.file_id)
    .where(FileGenre.user_id == _USER, FileGenre.genre_key == any_(_KEYS))
    .limit(MOST_ALIKE)
    .subquery()
    .select(),
    select(AudioFile.id)
    .where(AudioFile.user_id == _USER, AudioFile.artist_id == any_(bindparam("artists", type_=ARRAY(Uuid()))))
    .limit(MOST_ALIKE)
    .subquery()
    .select(),
).subquery("alike")
_SIMILAR = _SONGS.where(AudioFile.id.in_(select(_ALIKE.c[0])), AudioFile.id != _ID).order_by(func.random()).limit(_LIMIT)


def albums(
    db: Session,
    order: AlbumOrder,
    *,
    user_id: UUID,
    limit: int,
    offset: int = 0,
    genre: str = "",
    years: tuple[int, int] = (0, 0),
) -> list[UUID]:
    """Ids of albums. `years` may run backwards; then the latest come first."""
    walk = _YEARS_BACKWARDS if order is AlbumOrder.BY_YEAR and years[0] > years[1] else _ALBUMS[order]
    facts = {"genre_key": fold(genre), "first": min(years), "last": max(years)}
    return _ids(db, walk.limit(_LIMIT).offset(_OFFSET), facts, user_id=user_id, limit=limit, offset=offset)


def albums_of(db: Session, artist_id: UUID, *, user_id: UUID) -> list[UUID]:
    """Albums that are an artist's own, by year; of one who has none, those that they play on."""
    for role in (Role.ALBUM_ARTIST, Role.ARTIST):
        found = _ids(db, _ALBUMS_OF, {"id": artist_id, "role": role.value}, user_id=user_id)
        if found:
            return found
    return []


def songs_on(db: Session, album_id: UUID, *, user_id: UUID) -> list[UUID]:
    """Songs of an album, as it plays; at most 10,000."""
    return _ids(db, _ON_ALBUM.limit(_LIMIT), {"id": album_id}, user_id=user_id, limit=MOST_OF_ONE)


def songs_in_genre(db: Session, genre: str, *, user_id: UUID, limit: int, offset: int) -> list[UUID]:
    """Songs of a genre, the oldest first."""
    walk = _IN_GENRE.limit(_LIMIT).offset(_OFFSET)
    return _ids(db, walk, {"genre_key": fold(genre)}, user_id=user_id, limit=limit, offset=offset)


def random_songs(
    db: Session, *, user_id: UUID, limit: int, genre: str = "", first_year: int | None = None, last_year: int | None = None
) -> list[UUID]:
    """Songs drawn at random, of a genre and of some years where that is asked."""
    drawn = _SONGS
    if genre:
        drawn = drawn.join(FileGenre, FileGenre.file_id == AudioFile.id).where(
            FileGenre.user_id == _USER, FileGenre.genre_key == fold(genre)
        )
    if first_year is not None:
        drawn = drawn.where(AudioFile.year >= first_year)
    if last_year is not None:
        drawn = drawn.where(AudioFile.year <= last_year)
    return _ids(db, drawn.order_by(func.random()).limit(_LIMIT), {}, user_id=user_id, limit=limit)


def top_songs(db: Session, artist_id: UUID, *, user_id: UUID, limit: int) -> list[UUID]:
    """Songs of an artist, those first that this listener played most."""
    return _ids(db, _TOP.limit(_LIMIT), {"id": artist_id, "role": Role.ARTIST.value}, user_id=user_id, limit=limit)


def similar_songs(db: Session, seed_id: UUID, *, user_id: UUID, limit: int) -> list[UUID]:
    """Songs drawn from those that are like a song, an album or an artist: of the same genres, or by the same artists."""
    facts = {"id": seed_id, "user_id": user_id}
    keys, artists = list(db.scalars(_SEED_KEYS, facts)), list(db.scalars(_SEED_ARTISTS, facts))
    return _ids(db, _SIMILAR, {"id": seed_id, "keys": keys, "artists": artists}, user_id=user_id, limit=limit)


def count_songs(db: Session, *, user_id: UUID) -> int:
    """How many songs there are."""
    return int(db.scalar(_HOW_MANY, {"user_id": user_id}) or 0)


def _ids(db: Session, walk: Select[Any], facts: dict[str, Any], **more: Any) -> list[UUID]:
    known: Sequence[UUID] = db.scalars(walk, facts | more).all()
    return list(known)
