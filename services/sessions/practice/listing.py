"""A person's sessions a page at a time, newest first, all of them or those that are asked for."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Label, func, literal, select, tuple_
from sqlalchemy.orm import Session as Database

from services.sessions.models.practice import Session
from services.sessions.practice import pieces
from services.sessions.practice.sessions import LISTED, AnyRow, saved_by
from shared import paging

MIB = 1024 * 1024
PAGE_BYTES = 8 * MIB  # of what was said and written of sessions, in one answer; what is left is on the next page
FULL_PAGE_BYTES = 32 * MIB  # of that and of MusicXML
TEXTS = (Session.analysis_summary, Session.analysis_feedback, Session.notes)
NEWEST_FIRST = (Session.date.desc(), Session.id.desc())


@dataclass(frozen=True, slots=True)
class Filters:
    """Which sessions are asked for; None asks for all. Days are those that sessions count for, both of them included."""

    song_name: str | None = None
    instrument: str | None = None
    from_day: date | None = None
    to_day: date | None = None
    has_recording: bool | None = None
    has_score: bool | None = None

    def conditions(self, day: ColumnElement[date] | None = None) -> list[Any]:
        """The same, for a WHERE; with `day`, days are those that it tells."""
        day = Session.practised_on.expression if day is None else day
        found: list[Any] = []
        if self.song_name is not None:
            found.append(Session.piece == pieces.folded(self.song_name))
        if self.instrument is not None:
            found.append(Session.folded_instrument == pieces.folded(self.instrument))
        if self.from_day is not None:
            found.append(day >= self.from_day)
        if self.to_day is not None:
            found.append(day <= self.to_day)
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
    db: Database,
    *,
    user_id: UUID,
    limit: int,
    offset: int = 0,
    cursor: str | None = None,
    filters: Filters = EVERYTHING,
    with_scores: bool = False,
) -> Page:
    """Somebody's sessions, newest first, from `cursor` or `offset` on: up to `limit`, and what one answer carries.

    With scores, each row has its `xml_content` too. Raises BadCursor.
    """
    asked_for = (*saved_by(user_id), *filters.conditions())
    columns, most_bytes = ((*LISTED, Session.xml_content), FULL_PAGE_BYTES) if with_scores else (LISTED, PAGE_BYTES)
    total = db.scalar(select(func.count()).select_from(Session).where(*asked_for)) or 0
    wanted = select(Session.id, Session.date, _size_bytes(with_scores=with_scores)).where(*asked_for).order_by(*NEWEST_FIRST)
    if cursor:
        wanted = wanted.where(tuple_(Session.date, Session.id) < tuple_(*paging.position(cursor)))
    found = db.execute(wanted.limit(limit + 1).offset(offset)).all()
    carried = _carried(found[:limit], most_bytes)
    rows = select(*columns).where(Session.id.in_([each.id for each in carried]), *saved_by(user_id)).order_by(*NEWEST_FIRST)
    return Page(db.execute(rows).all(), total, _cursor_after(carried) if len(found) > len(carried) else None)


def _size_bytes(*, with_scores: bool) -> Label[int]:
    """Of the texts of a session, which Postgres knows without reading them."""
    texts = (*TEXTS, Session.xml_content) if with_scores else TEXTS
    return sum((func.coalesce(func.octet_length(each), 0) for each in texts), literal(0)).label("size_bytes")


def _carried(found: Sequence[AnyRow], most_bytes: int) -> Sequence[AnyRow]:
    """As many as one answer may carry, one at least."""
    sizes = list(accumulate(each.size_bytes for each in found))
    return found[: max(1, bisect_right(sizes, most_bytes))]


def _cursor_after(rows: Sequence[AnyRow]) -> str:
    return paging.cursor(rows[-1].date, rows[-1].id)
