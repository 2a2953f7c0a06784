"""The sections of a session: which measures were worked on, for how long, how fast they went in the end, how it felt."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session as Database

from services.sessions.models.practice import Section

SHOWN = (Section.first_measure, Section.last_measure, Section.seconds, Section.tempo_bpm, Section.rating)


def add(db: Database, session_id: UUID, sections: Sequence[dict[str, Any]], *, user_id: UUID) -> None:
    """Keep the sections of a session that has none, in this order."""
    if sections:
        mine = {"session_id": session_id, "user_id": user_id}
        db.execute(insert(Section), [mine | {"position": position} | each for position, each in enumerate(sections)])


def replace(db: Database, session_id: UUID, sections: Sequence[dict[str, Any]], *, user_id: UUID) -> None:
    """Put these in place of the sections that a session had; its row is locked, so that two who do so do not mix."""
    db.execute(delete(Section).where(Section.session_id == session_id, Section.user_id == user_id))
    add(db, session_id, sections, user_id=user_id)


def of(db: Database, session_id: UUID, *, user_id: UUID) -> list[dict[str, Any]]:
    """The sections of a session, in the order in which they were sent."""
    mine = (Section.session_id == session_id, Section.user_id == user_id)
    return [dict(row._mapping) for row in db.execute(select(*SHOWN).where(*mine).order_by(Section.position))]
