"""What is downloaded in one: an album, a playlist. Its name, and the rows of what in it can be played, in order."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.media.errors import NoCover, NothingToGather
from services.media.library.files import BYTES, Row
from services.media.models.catalogue import Album
from services.media.models.files import PLAYABLE, AudioFile
from services.media.models.playlists import Playlist, PlaylistTrack
from shared import db as database

AT_MOST = 10_000  # tracks

_ROWS = (*BYTES, AudioFile.title)
_PLAYABLE = AudioFile.state.in_([each.value for each in PLAYABLE])


class Bundle(NamedTuple):
    """Several tracks under one name."""

    name: str
    rows: list[Row]


def of_album(db: Session, album_id: UUID, *, user_id: UUID) -> Bundle:
    """An album, by disc and track. Raises NothingToGather."""
    name = db.scalar(select(Album.name).where(Album.id == album_id, Album.user_id == user_id))
    tracks = select(*_ROWS).where(AudioFile.album_id == album_id, AudioFile.user_id == user_id, _PLAYABLE)
    return _gathered(db, name, tracks.order_by(AudioFile.disc_number, AudioFile.track_number, AudioFile.id))


def of_playlist(db: Session, playlist_id: UUID, *, user_id: UUID) -> Bundle:
    """A playlist, of one's own or public, in its order. Raises NothingToGather. The transaction goes on as its owner."""
    mine = or_(Playlist.user_id == user_id, Playlist.is_public)
    found = db.execute(select(Playlist.name, Playlist.user_id).where(Playlist.id == playlist_id, mine)).one_or_none()
    if found is None:
        raise NothingToGather
    database.become(db, found.user_id)
    entries = PlaylistTrack.playlist_id == playlist_id, PlaylistTrack.user_id == found.user_id
    tracks = select(*_ROWS).join(PlaylistTrack, PlaylistTrack.file_id == AudioFile.id)
    tracks = tracks.where(*entries, AudioFile.user_id == found.user_id, _PLAYABLE)
    return _gathered(db, found.name, tracks.order_by(PlaylistTrack.position))


def cover_of_album(db: Session, album_id: UUID, *, user_id: UUID) -> UUID:
    """The track whose cover is the album's. Raises NoCover."""
    found = db.scalar(select(Album.cover_file_id).where(Album.id == album_id, Album.user_id == user_id))
    if found is None:
        raise NoCover
    return found


def _gathered(db: Session, name: str | None, tracks: Any) -> Bundle:
    rows = [dict(row) for row in db.execute(tracks.limit(AT_MOST)).mappings()]
    if name is None or not rows:
        raise NothingToGather
    return Bundle(name, rows)
