"""Genres: reading them."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from services.media.library.files import Row
from services.media.library.listing import USER
from services.media.models.catalogue import FileGenre
from services.media.models.files import AudioFile

_ALL = (
    select(
        FileGenre.genre_key.label("key"),
        func.min(FileGenre.genre).label("name"),
        func.count().label("song_count"),
        func.count(AudioFile.album_id.distinct()).label("album_count"),
    )
    .join(AudioFile, AudioFile.id == FileGenre.file_id)
    .where(FileGenre.user_id == USER, AudioFile.user_id == USER)
    .group_by(FileGenre.genre_key)
    .order_by(FileGenre.genre_key)
)
_OF = (
    select(FileGenre.file_id, FileGenre.genre)
    .where(FileGenre.user_id == USER, FileGenre.file_id.in_(bindparam("file_ids", expanding=True)))
    .order_by(FileGenre.file_id, FileGenre.genre_key)
)


def every(db: Session, *, user_id: UUID) -> list[Row]:
    """All genres of a library, by name, with how many songs and albums each has."""
    return [dict(row) for row in db.execute(_ALL, {"user_id": user_id}).mappings()]


def of(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> dict[UUID, list[str]]:
    """The genres of each of some tracks."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in db.execute(_OF, {"user_id": user_id, "file_ids": list(file_ids)}):
        found[row.file_id].append(row.genre)
    return found
