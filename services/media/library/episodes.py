"""Episodes of podcasts, which another service makes and hands to this one. A podcast is what episodes of one `album` are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library.files import Row
from services.media.library.folding import fold
from services.media.models.files import PLAYABLE, AudioFile, Kind
from shared import ids

MOST = 1_000  # episodes in one answer
UNNAMED = "Podcast"  # of episodes that name none

SHOWN = (
    AudioFile.id,
    AudioFile.title,
    AudioFile.filename,
    AudioFile.album,
    AudioFile.comment,
    AudioFile.created_at,
)


@dataclass(frozen=True, slots=True)
class Podcast:
    """A podcast and its episodes, the newest first."""

    id: UUID
    title: str
    episodes: list[Row]


def newest(db: Session, *, user_id: UUID, limit: int = MOST) -> list[Row]:
    """Somebody's episodes, the newest first, each with its `podcast_id`."""
    ready = [state.value for state in PLAYABLE]
    mine = (AudioFile.user_id == user_id, AudioFile.kind == Kind.EPISODE.value, AudioFile.state.in_(ready))
    chosen = select(*SHOWN).where(*mine).order_by(AudioFile.created_at.desc(), AudioFile.id.desc()).limit(limit)
    return [_with_podcast(row, user_id) for row in db.execute(chosen).mappings()]


def show(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """One episode. Raises NoSuchFile."""
    mine = (AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.kind == Kind.EPISODE.value)
    row = db.execute(select(*SHOWN).where(*mine, AudioFile.state.in_([s.value for s in PLAYABLE]))).mappings().first()
    if row is None:
        raise NoSuchFile
    return _with_podcast(row, user_id)


def podcasts(db: Session, *, user_id: UUID) -> Sequence[Podcast]:
    """Somebody's podcasts, that with the newest episode first."""
    found: dict[UUID, Podcast] = {}
    for row in newest(db, user_id=user_id):
        made = Podcast(row["podcast_id"], row["album"] or UNNAMED, [])
        found.setdefault(made.id, made).episodes.append(row)
    return list(found.values())


def _with_podcast(row: Any, user_id: UUID) -> Row:
    return dict(row) | {"podcast_id": ids.named(user_id, "podcast", fold(row["album"] or UNNAMED))}
