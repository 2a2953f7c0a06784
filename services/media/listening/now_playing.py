"""What somebody's players say that they are playing just now. It is theirs alone: nobody else sees it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library import readers
from services.media.models.files import AudioFile
from services.media.models.listening import NowPlaying
from shared import clock

LINGER = timedelta(
    minutes=10
)  # past the end of its track that a silent player is thought to play; the protocol names no figure


class Playing(StrEnum):
    """What a player does."""

    STARTING = "starting"
    PLAYING = "playing"
    PAUSED = "paused"
    STOPPED = "stopped"


def say(
    db: Session, file_id: UUID, *, user_id: UUID, client: str, position_ms: int = 0, state: Playing = Playing.PLAYING
) -> None:
    """A player plays this now, instead of what it played before. Raises NoSuchFile."""
    if not readers.playable(db, [file_id], user_id=user_id):
        raise NoSuchFile
    at = clock.now()
    said: dict[str, Any] = {"file_id": file_id, "position_ms": position_ms, "state": state.value, "seen_at": at}
    row = insert(NowPlaying).values(user_id=user_id, client=client, started_at=at, **said)
    goes_on = and_(NowPlaying.file_id == file_id, row.excluded.state != Playing.STARTING.value)
    started_at = case((goes_on, NowPlaying.started_at), else_=row.excluded.started_at)
    keys = [NowPlaying.user_id, NowPlaying.client]
    db.execute(row.on_conflict_do_update(index_elements=keys, set_={**said, "started_at": started_at}))


def stop(db: Session, file_id: UUID, *, user_id: UUID, client: str) -> datetime | None:
    """A player plays this no more; when it had begun, where it had said so. Raises NoSuchFile."""
    if not readers.playable(db, [file_id], user_id=user_id):
        raise NoSuchFile
    mine = (NowPlaying.user_id == user_id, NowPlaying.client == client, NowPlaying.file_id == file_id)
    return db.scalar(delete(NowPlaying).where(*mine).returning(NowPlaying.started_at))


def of(db: Session, *, user_id: UUID) -> Sequence[RowMapping]:
    """What each of somebody's players plays, the latest first; one that fell silent is left out once its track is over."""
    track = func.make_interval(0, 0, 0, 0, 0, 0, func.coalesce(AudioFile.duration, 0))
    playing = (
        select(NowPlaying.__table__)
        .join(AudioFile, AudioFile.id == NowPlaying.file_id)
        .where(NowPlaying.user_id == user_id, NowPlaying.seen_at + track > clock.now() - LINGER)
        .order_by(NowPlaying.seen_at.desc(), NowPlaying.client)
    )
    return db.execute(playing).mappings().all()
