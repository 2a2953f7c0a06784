"""What is downloaded in one: an album, a playlist. Its name, and the rows of what in it can be played, in order."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.media.errors import NoCover, NoSuchPlaylist, NothingToGather
from services.media.library.files import BYTES, Row
from services.media.models.catalogue import Album
from services.media.models.files import PLAYABLE, AudioFile
from services.media.playlists import entries, lists
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
    in_order = tracks.order_by(
        AudioFile.disc_number.nulls_first(), AudioFile.track_number.nulls_first(), AudioFile.sort_title, AudioFile.id
    ).limit(AT_MOST)
    return gathered(name, [dict(row) for row in db.execute(in_order).mappings()])


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
