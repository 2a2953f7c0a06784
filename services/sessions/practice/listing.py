"""A person's sessions a page at a time, newest first, all of them or those that are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session as Database

from services.sessions.models.practice import Session
from services.sessions.practice import pieces
from services.sessions.practice.sessions import LISTED, AnyRow, saved_by
from shared import paging

FULL_LIST_BYTES = 32 * 1024 * 1024  # MusicXML in one answer; what is left is on the next page


@dataclass(frozen=True, slots=True)
class Filters:
    """Which sessions are asked for; None asks for all. Days are those that sessions count for, both of them included."""

    song_name: str | None = None
    instrument: str | None = None
    from_day: date | None = None
    to_day: date | None = None
    has_recording: bool | None = None
    has_score: bool | None = None

    def conditions(self) -> list[Any]:
        """The same, for a WHERE."""
        found = []
        if self.song_name is not None:
            found.append(Session.piece == pieces.folded(self.song_name))
        if self.instrument is not None:
            found.append(Session.folded_instrument == pieces.folded(self.instrument))
        if self.from_day is not None:
            found.append(Session.practised_on >= self.from_day)
        if self.to_day is not None:
            found.append(Session.practised_on <= self.to_day)
        if self.has_recording is not None:
            found.append(Session.recording_id.is_not(None) == self.has_recording)
        if self.has_score is not None:
            found.append(Session.xml_content.is_not(None) == self.has_score)
        return found


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a person's sessions, newest first; how many there are in all of those that were asked for."""

    rows: Sequence[AnyRow]
    total: int
    next_cursor: str | None


def page(
    db: Database, *, user_id: UUID, limit: int, offset: int = 0, cursor: str | None = None, filters: Filters = EVERYTHING
) -> Page:
    """Somebody's sessions, newest first, from `cursor` or `offset` on. Raises BadCursor."""
    asked_for = (*saved_by(user_id), *filters.conditions())
    total = db.scalar(select(func.count()).select_from(Session).where(*asked_for)) or 0
    wanted = select(*LISTED).where(*asked_for).order_by(Session.date.desc(), Session.id.desc())
    if cursor:
        wanted = wanted.where(tuple_(Session.date, Session.id) < tuple_(*paging.position(cursor)))
    rows = db.execute(wanted.limit(limit + 1).offset(offset)).all()
    return Page(rows[:limit], total, _cursor_after(rows[:limit]) if len(rows) > limit else None)


def with_scores(db: Database, found: Page, *, user_id: UUID) -> tuple[Page, dict[UUID, str | None]]:
    """The same page cut to what one answer may carry of MusicXML (one session at least), and that MusicXML by session."""
    ids = [row.id for row in found.rows]
    sized = select(Session.id, func.coalesce(func.octet_length(Session.xml_content), 0).label("size_bytes"))
    sizes = {row.id: row.size_bytes for row in db.execute(sized.where(Session.id.in_(ids), *saved_by(user_id)))}
    carried, size_bytes = 0, 0
    for session_id in ids:
        size_bytes += sizes.get(session_id, 0)
        if carried and size_bytes > FULL_LIST_BYTES:
            break
        carried += 1
    rows = found.rows[:carried]
    scores = select(Session.id, Session.xml_content).where(Session.id.in_(ids[:carried]), *saved_by(user_id))
    next_cursor = found.next_cursor if carried == len(ids) else _cursor_after(rows)
    return Page(rows, found.total, next_cursor), {row.id: row.xml_content for row in db.execute(scores)}


def _cursor_after(rows: Sequence[AnyRow]) -> str:
    return paging.cursor(rows[-1].date, rows[-1].id)
