"""All of somebody's sessions, or those that are asked for, as one file that is made while it is sent.

It is read in pages, each in a transaction of its own: whoever downloads slowly holds no transaction open, and no page is larger
than some megabytes. Sessions that come or go meanwhile may be in it or not; none is in it twice.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Text, cast, func, select, tuple_
from sqlalchemy.orm import Session as Database

from services.sessions.models.practice import Section, Session
from services.sessions.moving import tables
from services.sessions.practice.listing import Filters
from services.sessions.practice.sections import SHOWN
from services.sessions.practice.sessions import saved_by
from shared import clock, json
from shared.db import transaction

PAGE = 200
PAGE_BYTES = 8 * 1024 * 1024  # of scores and analyses, as they are in memory: what the table holds of them is compressed
SIZED_AT_ONCE = 10  # of sessions: to know its size, Postgres unpacks all of an analysis, also one that no longer fits
FORMAT = "tutti.sessions"
PICTURES = ("user-spectrogram", "target-spectrogram")  # of an analysis: large, and made anew whenever it is
TOLD = (
    Session.id,
    Session.date,
    Session.time_zone,
    Session.practised_on,
    Session.song_name,
    Session.instrument,
    Session.duration_seconds,
    Session.total_practice_seconds,
    Session.tempo_bpm,
    Session.self_rating,
    Session.score_accuracy,
    Session.notes,
    Session.analysis_summary,
    Session.analysis_feedback,
)
LARGE = (Session.xml_content, Session.analysis, Session.recording_id)


def as_json(engine: Engine, *, user_id: UUID, filters: Filters) -> Iterator[bytes]:
    """One object: `format`, `version`, and `sessions`, newest first, each as it can be imported again."""
    yield json.dumps({"format": FORMAT, "version": 1, "exported_at": clock.iso(clock.now())})[:-1] + b',"sessions":['
    separator = b"\n"
    for page in _pages(engine, user_id, filters, with_all=True):
        for session in page:
            yield separator + json.dumps(session | {"date": clock.iso(session["date"]), "analysis": _lean(session["analysis"])})
            separator = b",\n"
    yield b"\n]}\n"


def as_csv(engine: Engine, *, user_id: UUID, filters: Filters) -> Iterator[bytes]:
    """A row each, newest first, after one of names. Scores, analyses and recordings are not in it; sections are JSON."""
    yield tables.head()
    for page in _pages(engine, user_id, filters, with_all=False):
        yield b"".join(tables.row(session) for session in page)


def _pages(engine: Engine, user_id: UUID, filters: Filters, *, with_all: bool) -> Iterator[list[dict[str, Any]]]:
    after: tuple[Any, Any] | None = None
    while True:
        with transaction(engine, user_id=user_id) as db:
            page = _page(db, user_id, filters, after, with_all=with_all)
        if not page:
            return
        yield page
        after = page[-1]["date"], page[-1]["id"]


def _page(
    db: Database, user_id: UUID, filters: Filters, after: tuple[Any, Any] | None, *, with_all: bool
) -> list[dict[str, Any]]:
    wanted = [*saved_by(user_id), *filters.conditions()]
    if after:
        wanted.append(tuple_(Session.date, Session.id) < tuple_(*after))
    size = func.coalesce(func.octet_length(Session.xml_content), 0) + func.coalesce(
        func.octet_length(cast(Session.analysis, Text)), 0
    )
    ordered = select(Session.id, size).where(*wanted).order_by(Session.date.desc(), Session.id.desc()).limit(PAGE)
    with db.execute(ordered.execution_options(yield_per=SIZED_AT_ONCE)) as sized:
        ids = _that_fit(sized) if with_all else [row.id for row in sized]
    rows = select(*TOLD, *(LARGE if with_all else ())).where(Session.id.in_(ids), *saved_by(user_id))
    found = db.execute(rows.order_by(Session.date.desc(), Session.id.desc()))
    page = [dict(row._mapping) | {"sections": []} for row in found]
    by_id = {session["id"]: session for session in page}
    worked = select(Section.session_id, *SHOWN).where(Section.session_id.in_(ids), Section.user_id == user_id)
    for row in db.execute(worked.order_by(Section.session_id, Section.position)):
        section = dict(row._mapping)
        by_id[section.pop("session_id")]["sections"].append(section)
    return page


def _that_fit(sized: Iterable[Any]) -> list[UUID]:
    """The first of these, one at least, that are no larger than a page together."""
    fit: list[UUID] = []
    size_bytes = 0
    for session_id, more_bytes in sized:
        size_bytes += more_bytes
        if fit and size_bytes > PAGE_BYTES:
            break
        fit.append(session_id)
    return fit


def _lean(analysis: Any) -> Any:
    """An analysis without its pictures."""
    if not isinstance(analysis, dict):
        return analysis
    return {name: value for name, value in analysis.items() if name not in PICTURES}
