"""Who leaves: everything of theirs is deleted, or written down for them."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete
from sqlalchemy.orm import Session as Database

from services.sessions.models import Base
from services.sessions.tasks.queue import Work, events, queue
from shared import db as database
from shared import leaving
from shared.leaving import Rows

LARGE = {"sessions": 4, "analyses": 4, "analysis_inputs": 1}  # rows in memory at once, of up to 13, 8 and 64 MiB


def forget(work: Work, user_id: UUID) -> None:
    """Delete everything of a user who leaves; media, who leaves too, deletes the recordings."""
    with database.transaction(work.engine) as db:
        for table in reversed(Base.metadata.sorted_tables):
            db.execute(delete(table).where(table.c.user_id == user_id))


def export(db: Database, user_id: UUID) -> Iterator[tuple[str, Rows]]:
    """Everything that is a user's."""
    for mapper in sorted(Base.registry.mappers, key=lambda each: each.class_.__tablename__):
        table = mapper.class_.__tablename__
        rows = leaving.rows_of(db, mapper.class_, user_id, at_once=LARGE.get(table, leaving.ROWS_AT_ONCE))
        yield table, (_shown(row) for row in rows)


def _shown(row: RowMapping | dict[str, Any]) -> dict[str, Any]:
    """A row as JSON takes it: bytes, such as a recording that waits for its analysis, are Base64."""
    return {name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in row.items()}


leaving.take_part(queue, events, forget=forget, export=export)
