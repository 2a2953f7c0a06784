"""Sessions from elsewhere, or from an export of one's own: each row is judged by itself, and what is good is kept.

A session that is already there is not kept twice: one with the same id, or of the same piece, on the same instrument, at the
same instant and as long. So the same file may be sent again, after some of its rows were put right, or where it has more scores
than are read at once: those of what is already there are left unread.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import rules
from services.sessions.errors import ImportRefused, ScoreProblem, TableUnreadable
from services.sessions.models.practice import Section, Session, State
from services.sessions.moving import tables
from services.sessions.moving.limits import MOST_REFUSED, MOST_ROWS, MOST_SECTIONS, SCORES_SECONDS
from services.sessions.practice import pieces, saving
from services.sessions.practice.saving import Once
from services.sessions.schemas.moving import ImportedSession
from services.sessions.scores import reading
from services.sessions.scores.reading import Kept
from shared import db as database
from shared import idempotency, ids, json
from shared.db import transaction
from shared.idempotency import Answer
from shared.schemas import problems

OK = 200
BATCH = 1_000  # rows of one statement
NOT_REACHED = "was not reached, for this file has many scores; send the file again, and what was kept of it is left out"

Same = tuple[str, str, datetime, int]


@dataclass(frozen=True, slots=True)
class Read:
    """A row that can be kept."""

    number: int
    new: ImportedSession
    score: Kept


@dataclass(slots=True)
class Rows:
    """A file, row by row: what can be kept, how many are already there, and what cannot be kept and why."""

    good: list[Read] = field(default_factory=list)
    there: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


def read(content: bytes) -> Rows:
    """What a file says: JSON (an export, or an array of sessions in either spelling) or CSV. Raises TableUnreadable."""
    found, sections = Rows(), 0
    for number, row in _rows(content):
        try:
            new = ImportedSession.model_validate(row)
            found.good.append(Read(number, new, Kept()))
            sections += len(new.sections or ())
        except ValidationError as reason:
            found.refused.append({"row": number, "errors": problems(reason.errors(include_input=False))})
        if len(found.good) + len(found.refused) > MOST_ROWS:
            raise TableUnreadable(
                why=f"it has more than {MOST_ROWS} sessions; send it in parts, such as exports from a day to a day"
            )
        if sections > MOST_SECTIONS:
            raise TableUnreadable(why=f"its sessions have more than {MOST_SECTIONS} sections; send it in parts")
    return found


def read_scores(engine: Engine, rows: Rows, *, user_id: UUID, zone: str, folder: Path) -> Rows:
    """The rows that are not there yet, with their scores; `folder` is where these wait to be read.

    Raises ScoresBusy, TookTooLong, ParsersDown.
    """
    with transaction(engine, user_id=user_id) as db:
        fresh = [each for each, _ in _missing(db, rows.good, user_id=user_id, zone=zone)]
    found, scores = Rows(there=rows.there + len(rows.good) - len(fresh), refused=list(rows.refused)), _Scores(folder)
    for each in fresh:
        try:
            found.good.append(replace(each, score=scores.keep(each.new.xml_content)))
        except ScoreProblem as reason:
            found.refused.append({"row": each.number, "errors": [{"field": "xml_content", "message": reason.why}]})
    found.refused.sort(key=lambda refused: refused["row"])
    return found


def keep(
    engine: Engine, rows: Rows, *, user_id: UUID, zone: str, once: Once | None, dry_run: bool, all_or_nothing: bool
) -> tuple[dict[str, Any], bool]:
    """Keep the good rows, in one transaction; what became of the file, and whether that was answered before.

    Dates without a zone are on the calendar of the row's `time_zone`, else of `zone`. Raises ImportRefused where
    `all_or_nothing` is asked for and a row is refused; idempotency's KeyReused and StillInProgress.
    """
    if all_or_nothing and rows.refused:
        raise ImportRefused(refused=len(rows.refused), rows=rows.refused[:MOST_REFUSED])
    with transaction(engine, user_id=user_id) as db:
        if once and (before := idempotency.claim(db, once.claim, once.fingerprint)):
            return json.loads(before.body), True
        database.lock(db, f"import of {user_id}")
        fresh = _different(_missing(db, rows.good, user_id=user_id, zone=zone))
        if not dry_run:
            _insert(db, fresh, user_id=user_id)
        told = {
            "imported": len(fresh),
            "already_there": rows.there + len(rows.good) - len(fresh),
            "refused": len(rows.refused),
            "rows": rows.refused[:MOST_REFUSED],
            "dry_run": dry_run,
        }
        if once:
            kept = Answer(OK, json.dumps(told), {"content-type": "application/json"}, once.fingerprint)
            idempotency.fulfil(db, once.claim, kept)
    return told, False


def _rows(content: bytes) -> Iterator[tuple[int, Any]]:
    """Every row with its number: its line in CSV, its place from 1 on in JSON."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{"):
        yield from tables.rows(content)
        return
    try:
        found = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except json.BadJson as reason:
        raise TableUnreadable(why=reason.msg) from reason
    sessions = found.get("sessions") if isinstance(found, dict) else found
    if not isinstance(sessions, list):
        raise TableUnreadable(why="it is neither an array of sessions nor an object that has one")
    yield from enumerate(sessions, start=1)


def _missing(db: Database, good: Sequence[Read], *, user_id: UUID, zone: str) -> list[tuple[Read, dict[str, Any]]]:
    """What is not there yet, and the day and instant of each."""
    days = rules.keeper(db, user_id=user_id)
    dated: list[tuple[Read, datetime, dict[str, Any]]] = []
    for each in good:
        here, at = each.new.time_zone or zone, each.new.date
        date = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(here))
        dated.append((each, date, {"date": date, "time_zone": here, "practised_on": days.day_of(date, here)}))
    there, known = _there(db, [date for _, date, _ in dated], user_id=user_id), _known(db, good, user_id=user_id)
    return [(each, day) for each, date, day in dated if _same(each.new, date) not in there and each.new.id not in known]


def _different(missing: Iterable[tuple[Read, dict[str, Any]]]) -> list[tuple[Read, dict[str, Any]]]:
    """The first of those that are the same."""
    met: set[Same | UUID] = set()
    found = []
    for each, day in missing:
        its = {_same(each.new, day["date"]), *([each.new.id] if each.new.id else ())}
        if not its & met:
            found.append((each, day))
        met |= its
    return found


def _same(new: ImportedSession, date: datetime) -> Same:
    return pieces.folded(new.song_name), pieces.folded(new.instrument), date, new.duration_seconds


def _there(db: Database, dates: Sequence[datetime], *, user_id: UUID) -> set[Same]:
    """What makes sessions the same, of those at these instants."""
    columns = select(Session.piece, Session.folded_instrument, Session.date, Session.duration_seconds)
    mine = columns.where(Session.user_id == user_id, Session.date.in_(dates))
    return {(row.piece, row.folded_instrument, row.date, row.duration_seconds) for row in db.execute(mine)}


def _known(db: Database, good: Iterable[Read], *, user_id: UUID) -> set[UUID]:
    named = [each.new.id for each in good if each.new.id]
    return set(db.scalars(select(Session.id).where(Session.user_id == user_id, Session.id.in_(named))))


def _insert(db: Database, fresh: Iterable[tuple[Read, dict[str, Any]]], *, user_id: UUID) -> None:
    sessions, sections = [], []
    for each, day in fresh:
        session_id = ids.new()
        state = {"id": session_id, "user_id": user_id, "state": State.SAVED.value}
        sessions.append(state | day | saving.told(each.new) | each.score.columns())
        for position, section in enumerate(each.new.sections or ()):
            sections.append({"session_id": session_id, "position": position, "user_id": user_id} | section.facts())
    for table, rows in ((Session, sessions), (Section, sections)):
        for first in range(0, len(rows), BATCH):
            db.execute(insert(table), rows[first : first + BATCH])


class _Scores:
    """The scores of one file, each different one read once, for as long as an import may take."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends_at = time.monotonic() + SCORES_SECONDS
        self._found: dict[bytes, Kept | ScoreProblem] = {}

    def keep(self, sent: str | None) -> Kept:
        """What to keep of one. Raises ScoreProblem, also where there is no time left for it."""
        if not sent:
            return Kept()
        digest = hashlib.sha256(sent.encode()).digest()
        if digest not in self._found:
            if time.monotonic() > self._ends_at:
                raise ScoreProblem.because(NOT_REACHED)
            self._found[digest] = self._read(sent)
        found = self._found[digest]
        if isinstance(found, ScoreProblem):
            raise found
        return found

    def _read(self, sent: str) -> Kept | ScoreProblem:
        try:
            return reading.keep(sent, self._folder)
        except ScoreProblem as reason:
            return reason
