"""Scrobbles: what a player says, once a track is over, that was listened to. Said twice, it is one play."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.media.listening import annotations, plays
from services.media.models.files import AudioFile
from services.media.models.listening import Play
from shared import clock
from shared import db as database

HEARD_PART = 0.5  # of a track; with the next, what Last.fm takes for a play
HEARD_MS = 4 * 60 * 1000
AGAIN = timedelta(seconds=30)  # a player that heard no answer says it again within this, and no track plays through twice
WRONG_CLOCK = timedelta(minutes=5)  # what a player's clock may be ahead


def submit(db: Session, heard: Sequence[tuple[UUID, datetime | None]], *, user_id: UUID, client: str) -> None:
    """Each of these tracks was listened to, at that instant; just now where none is said, or one still to come.

    All of them or none. May be repeated. Raises NoSuchFile.
    """
    annotations.lock(db, user_id=user_id)
    for file_id, at in heard:
        length = _length(db, file_id, user_id=user_id)
        plays.note(
            db,
            user_id=user_id,
            file_id=file_id,
            played_at=_instant(db, file_id, at, length, user_id=user_id),
            listened_seconds=length,
            track_seconds=length,
            completed=True,
            client=client,
        )


def finish(db: Session, file_id: UUID, *, user_id: UUID, client: str, started_at: datetime, position_ms: int) -> None:
    """A player stopped there: one play, where half of the track or four minutes were heard. Raises NoSuchFile."""
    length_ms = _length(db, file_id, user_id=user_id) * 1_000
    if position_ms >= min(HEARD_MS, length_ms * HEARD_PART):
        submit(db, [(file_id, started_at)], user_id=user_id, client=client)


def _instant(db: Session, file_id: UUID, at: datetime | None, length_seconds: int, *, user_id: UUID) -> datetime:
    now = clock.now()
    if at is not None and at <= now + WRONG_CLOCK:
        return at
    since = now - min(AGAIN, timedelta(seconds=max(length_seconds, 1)))
    last = select(func.max(Play.played_at)).where(
        Play.user_id == user_id, Play.file_id == file_id, Play.played_at > since, Play.played_at <= now + WRONG_CLOCK
    )
    return db.scalar(last) or now


def _length(db: Session, file_id: UUID, *, user_id: UUID) -> int:
    """How many seconds a track has that this user may read, whoever owns it."""
    owner: UUID = annotations.track(db, file_id, user_id=user_id)["user_id"]
    if owner != user_id:
        database.become(db, owner)
    seconds = db.scalar(select(AudioFile.duration).where(AudioFile.id == file_id, AudioFile.user_id == owner))
    if owner != user_id:
        database.become(db, user_id)
    return seconds or 0
