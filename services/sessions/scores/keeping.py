"""The score of a session: put there, taken out as a file, taken away."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session as Database

from services.sessions.errors import ScoreNotFound, SessionNotFound
from services.sessions.models.practice import Session
from services.sessions.practice.sessions import saved_by
from services.sessions.scores import guarded, reading
from shared.db import transaction


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """The score of a session for a file, in UTF-8, and the name of the piece."""

    content: bytes
    song_name: str


def replace(engine: Engine, session_id: UUID, content: bytes, *, user_id: UUID, folder: Path) -> dict[str, Any]:
    """Put a score to a session in place of the one it has, and say what it says of itself.

    `folder` is where it waits to be read. Raises SessionNotFound before anything is read; ScoreUnreadable and ScoreRefused, and
    what else `reading.read` raises: then the session keeps the score it had.
    """
    must_exist(engine, session_id, user_id=user_id)
    score = reading.read(content, folder)
    with transaction(engine, user_id=user_id) as db:
        _set(db, session_id, user_id=user_id, xml_content=score.xml, score_facts=score.facts, score_problem=None)
    return score.facts


def must_exist(engine: Engine, session_id: UUID, *, user_id: UUID) -> None:
    """Raises SessionNotFound, so that nobody sends a score to where none can be."""
    with transaction(engine, user_id=user_id) as db:
        if db.scalar(select(Session.id).where(*_of(session_id, user_id))) is None:
            raise SessionNotFound


def remove(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Take the score of a session away; may be repeated. Raises SessionNotFound."""
    _set(db, session_id, user_id=user_id, xml_content=None, score_facts=None, score_problem=None)


def as_file(db: Database, session_id: UUID, *, user_id: UUID) -> ScoreFile:
    """The score of a session, as it came but for the encoding it says that it is in. Raises SessionNotFound, ScoreNotFound."""
    row = db.execute(select(Session.xml_content, Session.song_name).where(*_of(session_id, user_id))).one_or_none()
    if row is None:
        raise SessionNotFound
    if not row.xml_content:
        raise ScoreNotFound
    return ScoreFile(guarded.in_utf8(row.xml_content).encode(), row.song_name)


def _set(db: Database, session_id: UUID, *, user_id: UUID, **columns: Any) -> None:
    changed = update(Session).where(*_of(session_id, user_id)).values(**columns).returning(Session.id)
    if db.scalar(changed) is None:
        raise SessionNotFound


def _of(session_id: UUID, user_id: UUID) -> tuple[Any, ...]:
    return Session.id == session_id, *saved_by(user_id)
