"""Tracks: the files of a library with all that they say of themselves and what their listener makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library.files import Page, Row
from services.media.library.listing import OPINIONS, RANDOM, RATED, STARRED, USER, Listing, Order
from services.media.models.catalogue import Album, Artist, Credit, FileGenre, Role
from services.media.models.files import LIBRARY, AudioFile, FileCount, State

MOST_TRACKS = 10_000  # of one album, and of one playlist; what has no album is in one too
SHOWN_STATES = (State.PROCESSING, State.READY)  # what is still being looked at is in lists by age alone

TAGS = (
    AudioFile.title,
    AudioFile.artist,
    AudioFile.album,
    AudioFile.album_artist,
    AudioFile.composer,
    AudioFile.date,
    AudioFile.year,
    AudioFile.genre,
    AudioFile.track_number,
    AudioFile.track_total,
    AudioFile.disc_number,
    AudioFile.disc_total,
    AudioFile.comment,
    AudioFile.bpm,
    AudioFile.musical_key,
    AudioFile.remixer,
    AudioFile.producer,
    AudioFile.label,
    AudioFile.catalog_number,
    AudioFile.isrc,
    AudioFile.barcode,
    AudioFile.musicbrainz_id,
    AudioFile.musicbrainz_album_id,
)
SHOWN = (
    AudioFile.id,
    AudioFile.user_id,
    AudioFile.filename,
    *TAGS,
    or_(AudioFile.lyrics.is_not(None), AudioFile.synced_lyrics.is_not(None)).label("has_lyrics"),
    AudioFile.artist_id,
    AudioFile.album_id,
    AudioFile.duration,
    AudioFile.duration_ms,
    AudioFile.file_size,
    AudioFile.mime_type,
    AudioFile.codec,
    AudioFile.bit_rate_kbps,
    AudioFile.sample_rate_hz,
    AudioFile.channels,
    AudioFile.bit_depth,
    AudioFile.loudness_lufs,
    AudioFile.true_peak_dbtp,
    AudioFile.kind,
    AudioFile.state.label("status"),
    AudioFile.object_key,
    AudioFile.sort_title,
    AudioFile.cover_key,
    AudioFile.created_at,
    AudioFile.updated_at,
)
# An album as it plays; what tells no number comes first.
AS_PLAYED = (
    func.coalesce(AudioFile.disc_number, 0),
    func.coalesce(AudioFile.track_number, 0),
    AudioFile.sort_title,
    AudioFile.id,
)
ORDERS: Mapping[str, Order] = {
    "created_at": Order((AudioFile.created_at, AudioFile.id), is_stable=True),
    "title": Order((AudioFile.sort_title, AudioFile.id), only=AudioFile.sort_title.is_not(None), is_stable=True),
    "artist": Order(
        (Artist.sort_name, Artist.id, AudioFile.sort_title, AudioFile.id), joins=((Artist, Artist.id == AudioFile.artist_id),)
    ),
    "album": Order((Album.sort_name, Album.id, *AS_PLAYED), joins=((Album, Album.id == AudioFile.album_id),)),
    "track": Order(AS_PLAYED),
    "year": Order((AudioFile.year, AudioFile.id), only=AudioFile.year.is_not(None)),
    "duration": Order((AudioFile.duration_ms, AudioFile.id), only=AudioFile.duration_ms.is_not(None)),
    "file_size": Order((AudioFile.file_size, AudioFile.id)),
    **OPINIONS,
    **RANDOM,
}
_GENRE = select(FileGenre.file_id).where(FileGenre.user_id == USER, FileGenre.genre_key == bindparam("genre"))
_CREDITED = select(Credit.file_id).where(
    Credit.user_id == USER,
    Credit.artist_id == bindparam("artist_id"),
    Credit.role.in_([Role.ARTIST.value, Role.ALBUM_ARTIST.value]),
)
_IN_LIBRARY = (FileCount.user_id == USER, FileCount.kind.in_([each.value for each in LIBRARY]))
_KEPT = select(func.coalesce(func.sum(FileCount.files), 0)).where(*_IN_LIBRARY)
_READY = _KEPT.where(FileCount.state == State.READY.value)
LISTING = Listing(
    target="track",
    columns=SHOWN,
    id=AudioFile.id,
    shown=(
        AudioFile.user_id == USER,
        AudioFile.kind.in_([each.value for each in LIBRARY]),
        AudioFile.state.in_([each.value for each in SHOWN_STATES]),
    ),
    filters={
        "artist_id": AudioFile.id.in_(_CREDITED),
        "album_id": AudioFile.album_id == bindparam("album_id"),
        "genre": AudioFile.id.in_(_GENRE),
        "year_from": AudioFile.year >= bindparam("year_from"),
        "year_to": AudioFile.year <= bindparam("year_to"),
        "kind": AudioFile.kind == bindparam("kind"),
        "mime_types": AudioFile.mime_type.in_(bindparam("mime_types", expanding=True)),
        "starred": STARRED,
        "rated": RATED,
        "ready": AudioFile.state == State.READY.value,
    },
    orders=ORDERS,
    usual=("created_at", True),
    counts={
        "created_at": _KEPT.where(FileCount.state.in_([each.value for each in SHOWN_STATES])),
        **dict.fromkeys(("title", "artist", "album"), _READY),
    },
)
_SUMMARY = select(
    func.coalesce(func.sum(FileCount.files), 0).label("tracks"),
    func.coalesce(func.sum(FileCount.bytes), 0).label("bytes"),
    func.coalesce(func.sum(FileCount.seconds), 0).label("seconds"),
    select(func.count()).where(Album.user_id == USER).scalar_subquery().label("albums"),
    select(func.count()).where(Artist.user_id == USER, Artist.song_count > 0).scalar_subquery().label("artists"),
).where(*_IN_LIBRARY, FileCount.state == State.READY.value)


def find(db: Session, *, user_id: UUID, limit: int, **ways: Any) -> Page:
    """One page of tracks: those that have all of what is wanted (LISTING.filters), newest first or in another of ORDERS.

    Sorted by what a listener makes of them, only tracks that they played, rated or starred are there.
    """
    return LISTING.page(db, user_id=user_id, limit=limit, **ways)


def show(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """One track. Raises NoSuchFile."""
    found = LISTING.of(db, [file_id], user_id=user_id)
    if not found:
        raise NoSuchFile
    return found[0]


def on_album(db: Session, album_id: UUID, columns: Sequence[Any], *, user_id: UUID, limit: int = MOST_TRACKS) -> list[Row]:
    """These columns of the tracks of an album that can be played, as it plays."""
    mine = (AudioFile.album_id == album_id, AudioFile.user_id == user_id, AudioFile.state == State.READY.value)
    wanted = select(*columns).where(*mine).order_by(*AS_PLAYED).limit(limit)
    return [dict(row) for row in db.execute(wanted).mappings()]


def ids_on_album(db: Session, album_id: UUID, *, user_id: UUID) -> list[UUID]:
    """The same, by their ids."""
    return [row["id"] for row in on_album(db, album_id, (AudioFile.id,), user_id=user_id)]


def count(db: Session, *, user_id: UUID) -> int:
    """How many of a library can be played."""
    return int(db.scalar(_READY, {"user_id": user_id}) or 0)


def summary(db: Session, *, user_id: UUID) -> Row:
    """How much a library holds: tracks, bytes and seconds, albums, and artists who are heard."""
    return dict(db.execute(_SUMMARY, {"user_id": user_id}).mappings().one())


def of(db: Session, file_ids: list[UUID], *, user_id: UUID) -> list[Row]:
    """Those of `file_ids` that there are, in that order."""
    return LISTING.of(db, file_ids, user_id=user_id)
