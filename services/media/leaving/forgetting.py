"""Forgetting somebody who leaves: their files of every state, and every object that is kept under their id."""

from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.media.library import locking
from services.media.library.files import BYTES, Row
from services.media.models import Base
from services.media.models.files import AudioFile, FileCount, State
from services.media.settings import Settings
from shared import clock


def end_all(db: Session, *, user_id: UUID) -> list[Row]:
    """Make every file of a user unreadable, and every upload on its way impossible; what there is of bytes, as rows."""
    mine = AudioFile.user_id == user_id
    db.execute(delete(AudioFile).where(mine, AudioFile.object_key.is_(None)))
    ended = update(AudioFile).where(mine, AudioFile.state != State.DELETING.value)
    db.execute(ended.values(state=State.DELETING.value, updated_at=clock.now()))
    return [dict(row) for row in db.execute(select(*BYTES).where(mine)).mappings()]


def drop_all(db: Session, *, user_id: UUID) -> None:
    """Delete every row of a user, once the bytes are gone: what names other rows first, what triggers count last."""
    locking.lock(db, user_id=user_id)
    tables = [each for each in reversed(Base.metadata.sorted_tables) if each is not FileCount.__table__]
    for table in [*tables, FileCount.__table__]:
        db.execute(delete(table).where(table.c.user_id == user_id))


def prefixes(settings: Settings, user_id: UUID) -> list[tuple[str, str]]:
    """Bucket and prefix of everything that is stored for a user."""
    kinds = ("storage/audio", "storage/cover", "storage/image", "storage/rendition", "uploads", "exports")
    return [*((settings.storage_bucket, f"{kind}/{user_id}/") for kind in kinds), (settings.recordings_bucket, f"{user_id}/")]
