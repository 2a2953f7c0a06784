"""Who leaves: everything of theirs is deleted, or written down for them."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from services.media.leaving import archives, forgetting
from services.media.listening import annotations
from services.media.models import Base
from services.media.models.pictures import Picture
from services.media.playing import cache
from services.media.tasks.deleting import objects_of
from services.media.tasks.queue import Work, events, queue
from shared import db as database
from shared import leaving
from shared.leaving import Rows

HIDDEN = ("bucket", "object_key", "playable_key", "cover_key", "holder")  # of ours, and nothing to anybody else
AUDIO = "audio_files"


def forget(work: Work, user_id: UUID) -> None:
    """Delete everything of a user who leaves: rows, objects and copies, uploads on their way and archives too."""
    with database.transaction(work.engine) as db:
        ended = forgetting.end_all(db, user_id=user_id)
    for row in ended:
        for bucket, key in objects_of(row):
            work.store.delete(bucket, key)
    for bucket, prefix in forgetting.prefixes(work.settings, user_id):
        for each in list(work.store.listed(bucket, prefix)):
            work.store.delete(bucket, each.key)
    cache.remove(work.cache, [row["id"] for row in ended])
    with database.transaction(work.engine) as db:
        forgetting.drop_all(db, user_id=user_id)
        annotations.forget_tracks(db, [row["id"] for row in ended])


def export(db: Session, user_id: UUID) -> Iterator[tuple[str, Rows]]:
    """Everything that is a user's, but where the bytes are; those are in the archive under the name that is added here."""
    for mapper in sorted(Base.registry.mappers, key=lambda each: each.class_.__tablename__):
        rows = leaving.rows_of(db, mapper.class_, user_id)
        if mapper.class_.__tablename__ == AUDIO:
            rows = archives.named(rows)
        elif mapper.class_ is Picture:
            rows = archives.named_pictures(rows)
        yield mapper.class_.__tablename__, (_shown(row) for row in rows)


def keep_part(work: Work, path: Path, task_id: UUID, user_id: UUID) -> None:
    """Put media's own part of an archive beside the others'."""
    archives.keep(work.store, work.settings, path, task_id, "media", user_id)


def _shown(row: RowMapping | dict[str, Any]) -> dict[str, Any]:
    """A row as JSON takes it: bytes, such as those of a waveform, are Base64."""
    return {name: _plain(value) for name, value in row.items() if name not in HIDDEN}


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


leaving.take_part(queue, events, forget=forget, export=export, keep=keep_part)
