"""The same bytes twice in one library."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from services.media.library.files import SHOWN, Row
from services.media.models.files import LIBRARY, AudioFile, State


def older(db: Session, digests: Sequence[str], *, user_id: UUID) -> dict[str, UUID]:
    """Which of these bytes a user has already, by SHA-256: the oldest file with them."""
    there = select(AudioFile.sha256, AudioFile.id).where(*_there(user_id), AudioFile.sha256.in_(digests))
    newest_first = there.order_by(AudioFile.created_at.desc(), AudioFile.id.desc())
    return {str(sha256): file_id for sha256, file_id in db.execute(newest_first)}


def listed(db: Session, *, user_id: UUID, limit: int, offset: int) -> list[Row]:
    """Files whose bytes an older one has too, with that one's id; the same bytes beside each other."""
    oldest = func.first_value(AudioFile.id).over(partition_by=AudioFile.sha256, order_by=(AudioFile.created_at, AudioFile.id))
    known = select(AudioFile.id, AudioFile.sha256, oldest.label("duplicate_of")).where(*_there(user_id)).subquery()
    found = select(*SHOWN, known.c.duplicate_of).join(known, known.c.id == AudioFile.id)
    found = found.where(AudioFile.user_id == user_id, known.c.duplicate_of != AudioFile.id)
    ordered = found.order_by(known.c.sha256, AudioFile.created_at, AudioFile.id).limit(limit).offset(offset)
    return [dict(row) for row in db.execute(ordered).mappings()]


def _there(user_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        AudioFile.user_id == user_id,
        AudioFile.kind.in_([each.value for each in LIBRARY]),
        AudioFile.state.in_([State.PROCESSING.value, State.READY.value]),
    )
