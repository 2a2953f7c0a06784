"""Practice sessions: kept, found, deleted. Only saved ones are ever seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, cast, exists, literal_column, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.orm import Session as Database

from services.sessions.errors import SessionNotFound
from services.sessions.models.practice import Chunk, Session, State
from services.sessions.practice import sections
from shared import clock

UNSAVED_FOR = timedelta(minutes=20)  # longer than any request lasts: whoever was saving it is gone

LISTED = (
    Session.id,
    Session.date,
    Session.song_name,
    Session.instrument,
    Session.duration_seconds,
    Session.total_practice_seconds,
    Session.recording_id,
    Session.analysis_summary,
    Session.analysis_feedback,
    Session.notes,
    Session.tempo_bpm,
    Session.self_rating,
    Session.recovered,
)
SCORE = (Session.xml_content, Session.score_facts.label("score"), Session.score_problem)
VERSION = cast(literal_column("sessions.xmin"), Text).label("version")  # Postgres's own: another one after every change
WHOLE = (*LISTED, *SCORE, Session.analysis, Session.score_accuracy, Session.practised_on, Session.time_zone, VERSION)

AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Whole:
    """A session as a JSON document, without the address that plays it; and its version, for `If-Match`."""

    document: dict[str, Any]
    version: str


def add(db: Database, session_id: UUID, *, user_id: UUID, state: State, date: datetime, **facts: Any) -> None:
    """Keep a session. Where its recording is still to be stored, `state` is SAVING and `finish` makes it true."""
    db.add(Session(id=session_id, user_id=user_id, state=state, date=date, **facts))
    db.flush()


def finish(db: Database, session_id: UUID, *, user_id: UUID, recording_id: UUID) -> None:
    """Make a session that was being saved visible, with its recording. Raises SessionNotFound where the sweep was faster."""
    saving = (Session.id == session_id, Session.user_id == user_id, Session.state == State.SAVING)
    finished = update(Session).where(*saving).values(state=State.SAVED, recording_id=recording_id).returning(Session.id)
    if db.scalar(finished) is None:
        raise SessionNotFound


def forget(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Drop a session that could not be saved."""
    saving = (Session.id == session_id, Session.user_id == user_id, Session.state == State.SAVING)
    db.execute(delete_from(Session).where(*saving))


def find(db: Database, session_id: UUID, *, user_id: UUID) -> Whole:
    """One session whole. Raises SessionNotFound."""
    row = db.execute(select(*WHOLE).where(Session.id == session_id, *saved_by(user_id))).one_or_none()
    if row is None:
        raise SessionNotFound
    document = as_document(row) | {"recording_id": row.recording_id, "sections": sections.of(db, session_id, user_id=user_id)}
    return Whole(document, document.pop("version"))


def is_kept(db: Database, session_id: UUID, *, user_id: UUID) -> bool:
    """Whether somebody has this session."""
    return db.scalar(select(Session.id).where(Session.id == session_id, *saved_by(user_id))) is not None


def recording_of(db: Database, session_id: UUID, *, user_id: UUID) -> UUID | None:
    """The file that holds the recording of a session; None where there is none, or no such session."""
    return db.scalar(select(Session.recording_id).where(Session.id == session_id, *saved_by(user_id)))


def delete(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Delete a session; its recording is media's to delete. Raises SessionNotFound."""
    gone = delete_from(Session).where(Session.id == session_id, *saved_by(user_id)).returning(Session.id)
    if db.scalar(gone) is None:
        raise SessionNotFound


def drop_unsaved(db: Database) -> Sequence[AnyRow]:
    """Drop what has been SAVING for too long, whoever's it is; the id and user_id of each, so that media can be told."""
    # One that was running is SAVING only while it has chunks (see `running.save_silent`), and is saved by its own sweep.
    was_running = exists().where(Chunk.session_id == Session.id)
    stale = (Session.state == State.SAVING, Session.created_at < clock.now() - UNSAVED_FOR, ~was_running)
    return db.execute(delete_from(Session).where(*stale).returning(Session.id, Session.user_id)).all()


def as_document(row: AnyRow) -> dict[str, Any]:
    """A row for JSON: its instant in UTC, and for `recording_id` an `audio_url` that is still to be minted."""
    document = dict(row._mapping)
    del document["recording_id"]
    return document | {"date": clock.iso(row.date), "audio_url": None}


def saved_by(user_id: UUID) -> tuple[Any, ...]:
    """What is true of the sessions that somebody sees: they are theirs, and all of them is kept."""
    return Session.user_id == user_id, Session.state == State.SAVED
