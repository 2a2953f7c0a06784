"""What is downloaded in one: an album, a playlist. Its name, and the rows of what in it can be played, in order."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.media.errors import NoCover, NoSuchPlaylist, NothingToGather
from services.media.library import tracks
from services.media.library.files import BYTES, Row
from services.media.models.catalogue import Album
from services.media.models.files import AudioFile
from services.media.playlists import entries, lists
from shared import db as database

_ROWS = (*BYTES, AudioFile.title)


class Bundle(NamedTuple):
    """Several tracks under one name."""

    name: str
    rows: list[Row]


def of_album(db: Session, album_id: UUID, *, user_id: UUID) -> Bundle:
    """An album, as it plays. Raises NothingToGather."""
    name = db.scalar(select(Album.name).where(Album.id == album_id, Album.user_id == user_id))
    return gathered(name, tracks.on_album(db, album_id, _ROWS, user_id=user_id))


def of_playlist(db: Session, playlist_id: UUID, *, user_id: UUID) -> Bundle:
    """A playlist, of one's own or public, in its order. Raises NothingToGather. The transaction goes on as its owner."""
    try:
        playlist = lists.show(db, playlist_id, user_id=user_id)
    except NoSuchPlaylist:
        raise NothingToGather from None
    database.become(db, playlist["user_id"])
    return gathered(playlist["name"], entries.tracks(db, playlist))


def cover_of_album(db: Session, album_id: UUID, *, user_id: UUID) -> UUID:
    """The track whose cover is the album's. Raises NoCover."""
    found = db.scalar(select(Album.cover_file_id).where(Album.id == album_id, Album.user_id == user_id))
    if found is None:
        raise NoCover
    return found


def gathered(name: str | None, rows: list[Row]) -> Bundle:
    """These tracks under this name. Raises NothingToGather."""
    if name is None or not rows:
        raise NothingToGather
    return Bundle(name, rows)
