"""Albums: reading them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchAlbum
from services.media.library import tracks
from services.media.library.files import Page, Row
from services.media.library.listing import OPINIONS, RANDOM, RATED, STARRED, USER, Listing, Order
from services.media.models.catalogue import Album, Credit, FileGenre, Role
from services.media.models.files import AudioFile

SHOWN = (
    Album.id,
    Album.name,
    Album.sort_name,
    Album.artist,
    Album.artist_id,
    Album.year,
    Album.genre,
    Album.song_count,
    Album.duration_ms,
    Album.size_bytes,
    Album.cover_file_id,
    Album.musicbrainz_id,
    Album.created_at,
)
ORDERS: Mapping[str, Order] = {
    "name": Order((Album.sort_name, Album.id), is_stable=True),
    "artist": Order((Album.sort_artist, Album.sort_name, Album.id)),
    "created_at": Order((Album.created_at, Album.id), is_stable=True),
    "year": Order((Album.year, Album.id), only=Album.year.is_not(None)),
    **OPINIONS,
    **RANDOM,
}
_GENRE = (
    select(AudioFile.album_id)
    .join(FileGenre, FileGenre.file_id == AudioFile.id)
    .where(FileGenre.user_id == USER, FileGenre.genre_key == bindparam("genre"))
)
_CREDITED = select(AudioFile.album_id).join(Credit, Credit.file_id == AudioFile.id).where(Credit.user_id == USER)
LISTING = Listing(
    target="album",
    columns=SHOWN,
    id=Album.id,
    shown=(Album.user_id == USER,),
    filters={
        "artist_id": Album.id.in_(
            _CREDITED.where(Credit.artist_id == bindparam("artist_id"), Credit.role == Role.ALBUM_ARTIST.value)
        ),
        "appearing_id": Album.id.in_(
            _CREDITED.where(Credit.artist_id == bindparam("appearing_id"), Credit.role == Role.ARTIST.value)
        ),
        "genre": Album.id.in_(_GENRE),
        "year_from": Album.year >= bindparam("year_from"),
        "year_to": Album.year <= bindparam("year_to"),
        "starred": STARRED,
        "rated": RATED,
    },
    orders=ORDERS,
)
_BY = (
    select(Album.id)
    .where(
        Album.user_id == USER,
        Album.id.in_(_CREDITED.where(Credit.artist_id == bindparam("artist_id"), Credit.role == bindparam("role"))),
    )
    .order_by(Album.year.nulls_last(), Album.sort_name, Album.id)
)


def find(db: Session, *, user_id: UUID, limit: int, **ways: Any) -> Page:
    """One page of albums: those that have all of what is wanted (LISTING.filters), by name or in another of ORDERS.

    `artist_id` wants albums of an artist, `appearing_id` those on which they play.
    """
    return LISTING.page(db, user_id=user_id, limit=limit, **ways)


def walk(db: Session, *, user_id: UUID, limit: int, **ways: Any) -> list[Row]:
    """The same, without counting what is on other pages."""
    return LISTING.rows(db, user_id=user_id, limit=limit, **ways)


def by(db: Session, artist_id: UUID, *, user_id: UUID) -> list[Row]:
    """Albums that are an artist's own, by year; of one who has none, those that they play on."""
    for role in (Role.ALBUM_ARTIST, Role.ARTIST):
        facts = {"user_id": user_id, "artist_id": artist_id, "role": role.value}
        if found := list(db.scalars(_BY, facts)):
            return of(db, found, user_id=user_id)
    return []


def show(db: Session, album_id: UUID, *, user_id: UUID) -> Row:
    """One album. Raises NoSuchAlbum."""
    found = LISTING.of(db, [album_id], user_id=user_id)
    if not found:
        raise NoSuchAlbum
    return found[0]


def of(db: Session, album_ids: list[UUID], *, user_id: UUID) -> list[Row]:
    """Those of `album_ids` that there are, in that order."""
    return LISTING.of(db, album_ids, user_id=user_id)


def tracks_of(db: Session, album_id: UUID, *, user_id: UUID) -> list[Row]:
    """The tracks of an album, in its order."""
    wanted = {"album_id": album_id, "ready": True}
    return tracks.find(db, user_id=user_id, sort="track", descending=False, limit=tracks.MOST_TRACKS, **wanted).rows
