"""Practice sessions: kept, listed, found, deleted; and the facts that stats are made of. Only saved ones are ever seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_, update
from sqlalchemy import delete as delete_from
from sqlalchemy.orm import Session as Database

from services.sessions.errors import SessionNotFound
from services.sessions.models.practice import Session, State
from shared import clock, paging

UNSAVED_FOR = timedelta(minutes=20)  # longer than any request lasts: whoever was saving it is gone
FULL_LIST_BYTES = 32 * 1024 * 1024  # MusicXML in one answer; what is left is on the next page

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
)
SCORE = (Session.xml_content, Session.score_facts.label("score"), Session.score_problem)
WHOLE = (*LISTED, *SCORE, Session.analysis, Session.score_accuracy)


AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a person's sessions, newest first."""

    rows: Sequence[AnyRow]
    total: int
    next_cursor: str | None


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


def find(db: Database, session_id: UUID, *, user_id: UUID) -> AnyRow:
    """One session whole. Raises SessionNotFound."""
    row = db.execute(select(*WHOLE).where(Session.id == session_id, *_mine(user_id))).one_or_none()
    if row is None:
        raise SessionNotFound
    return row


def recording_of(db: Database, session_id: UUID, *, user_id: UUID) -> UUID | None:
    """The file that holds the recording of a session; None where there is none, or no such session."""
    return db.scalar(select(Session.recording_id).where(Session.id == session_id, *_mine(user_id)))


def delete(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Delete a session; its recording is media's to delete. Raises SessionNotFound."""
    gone = delete_from(Session).where(Session.id == session_id, *_mine(user_id)).returning(Session.id)
    if db.scalar(gone) is None:
        raise SessionNotFound


def page(db: Database, *, user_id: UUID, limit: int, offset: int = 0, cursor: str | None = None) -> Page:
    """Somebody's sessions, newest first, from `cursor` or `offset` on. Raises BadCursor."""
    total = db.scalar(select(func.count()).select_from(Session).where(*_mine(user_id))) or 0
    wanted = select(*LISTED).where(*_mine(user_id)).order_by(Session.date.desc(), Session.id.desc())
    if cursor:
        wanted = wanted.where(tuple_(Session.date, Session.id) < tuple_(*paging.position(cursor)))
    rows = db.execute(wanted.limit(limit + 1).offset(offset)).all()
    return Page(rows[:limit], total, _cursor_after(rows[:limit]) if len(rows) > limit else None)


def with_scores(db: Database, found: Page, *, user_id: UUID) -> tuple[Page, dict[UUID, str | None]]:
    """The same page cut to what one answer may carry of MusicXML (one session at least), and that MusicXML by session."""
    ids = [row.id for row in found.rows]
    sized = select(Session.id, func.coalesce(func.octet_length(Session.xml_content), 0).label("size_bytes"))
    sizes = {row.id: row.size_bytes for row in db.execute(sized.where(Session.id.in_(ids), *_mine(user_id)))}
    carried, size_bytes = 0, 0
    for session_id in ids:
        size_bytes += sizes.get(session_id, 0)
        if carried and size_bytes > FULL_LIST_BYTES:
            break
        carried += 1
    rows = found.rows[:carried]
    scores = select(Session.id, Session.xml_content).where(Session.id.in_(ids[:carried]), *_mine(user_id))
    next_cursor = found.next_cursor if carried == len(ids) else _cursor_after(rows)
    return Page(rows, found.total, next_cursor), {row.id: row.xml_content for row in db.execute(scores)}


def drop_unsaved(db: Database) -> Sequence[AnyRow]:
    """Drop what has been SAVING for too long, whoever's it is; the id and user_id of each, so that media can be told."""
    stale = (Session.state == State.SAVING, Session.created_at < clock.now() - UNSAVED_FOR)
    return db.execute(delete_from(Session).where(*stale).returning(Session.id, Session.user_id)).all()


def as_document(row: AnyRow) -> dict[str, Any]:
    """A row for JSON: its instant in UTC, and for `recording_id` an `audio_url` that is still to be minted."""
    document = dict(row._mapping)
    del document["recording_id"]
    return document | {"date": clock.iso(row.date), "audio_url": None}


def _mine(user_id: UUID) -> tuple[Any, ...]:
    return Session.user_id == user_id, Session.state == State.SAVED


def _cursor_after(rows: Sequence[AnyRow]) -> str:
    return paging.cursor(rows[-1].date, rows[-1].id)
