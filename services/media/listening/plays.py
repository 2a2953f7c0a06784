"""Plays: that somebody listened to a track. A scrobble or a play event says so; a stream never does (OpenSubsonic, `stream`).

A play is known by listener, track and instant, so that one said twice counts once. It counts for the track, and in the
listener's own library for its album and its artist. What was skipped is no play: it counts as skipped, and so does the time.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.library.files import Row
from services.media.listening import annotations
from services.media.models.catalogue import Found
from services.media.models.listening import Annotation, Play
from shared import clock, ids

INSTANT = timedelta(microseconds=1)  # of Postgres
MOST_AT_ONCE = 100_000  # plays of one track at one instant

_KEEP = insert(Play).on_conflict_do_nothing(index_elements=[Play.user_id, Play.file_id, Play.played_at]).returning(Play.id)
_NEW = insert(Annotation).values(
    {
        each: bindparam(each.name)
        for each in (
            Annotation.user_id,
            Annotation.target,
            Annotation.target_id,
            Annotation.play_count,
            Annotation.completed_count,
            Annotation.skip_count,
            Annotation.listened_seconds,
            Annotation.played_at,
        )
    }
)
_SUMS = ("play_count", "completed_count", "skip_count", "listened_seconds")
_COUNT = _NEW.on_conflict_do_update(
    index_elements=annotations.KEY,
    set_={name: getattr(Annotation, name) + getattr(_NEW.excluded, name) for name in _SUMS}
    | {"played_at": func.greatest(Annotation.played_at, _NEW.excluded.played_at)},
)


def note(
    db: Session,
    *,
    user_id: UUID,
    file_id: UUID,
    listened_seconds: float,
    played_at: datetime | None = None,
    track_seconds: float | None = None,
    completed: bool = False,
    skipped: bool = False,
    client: str | None = None,
) -> bool:
    """Write down that a track was listened to, at `played_at` or just now; False where that is known already.

    May be repeated with the same instant. Raises NoSuchFile where the listener may not read the track.
    """
    annotations.lock(db, user_id=user_id)
    track = annotations.track(db, file_id, user_id=user_id)
    play: Row = {"user_id": user_id, "file_id": file_id, "played_at": played_at, "client": client}
    play |= {"listened_seconds": listened_seconds, "track_seconds": track_seconds, "completed": completed, "skipped": skipped}
    if played_at is None:
        play["played_at"] = _just_now(db, user_id, file_id)
    if not db.scalar(_KEEP, play | {"id": ids.new()}):
        return False
    db.execute(_COUNT, list(_counted(track, play)))
    return True


def _just_now(db: Session, user_id: UUID, file_id: UUID) -> datetime:
    """This instant, or the first after it that no play of this track has: two at one instant of our own clock are two."""
    now = clock.now()
    taken = select(func.max(Play.played_at)).where(
        Play.user_id == user_id, Play.file_id == file_id, Play.played_at >= now, Play.played_at < now + INSTANT * MOST_AT_ONCE
    )
    last = db.scalar(taken)
    return last + INSTANT if last else now


def _counted(track: Row, play: Row) -> list[dict[str, Any]]:
    is_play = play["completed"] or not play["skipped"]
    sums = {
        "user_id": play["user_id"],
        "play_count": int(is_play),
        "completed_count": int(play["completed"]),
        "skip_count": int(play["skipped"]),
        "listened_seconds": play["listened_seconds"],
        "played_at": play["played_at"] if is_play else None,
    }
    targets = ((Found.TRACK, track["id"]), (Found.ALBUM, track["album_id"]), (Found.ARTIST, track["artist_id"]))
    return [sums | {"target": target.value, "target_id": each} for target, each in targets if each]
