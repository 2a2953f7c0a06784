"""How near somebody is to their goals, computed from the sessions whenever it is asked for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import periods
from services.sessions.calendars.periods import Per, Period
from services.sessions.goals import goals
from services.sessions.goals.goals import AnyRow
from services.sessions.models.goals import Period as Often
from services.sessions.models.practice import Session
from services.sessions.practice import pieces
from services.sessions.stats import practised
from services.sessions.stats.practised import Wanted

PER = {Often.DAILY: Per.DAY, Often.WEEKLY: Per.WEEK, Often.MONTHLY: Per.MONTH}
MOST_PERIODS = 366
LONGEST_RUN = timedelta(days=3_653)  # ten years: so far back a run is looked for

Spans = Sequence[tuple[date, date | None]]


class Outcome(StrEnum):
    """What became of a goal in one period."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"  # the period is not over, and the goal not met
    PAUSED = "paused"  # none of its days was a day of the goal: neither met nor missed


@dataclass(frozen=True, slots=True)
class Progress:
    """One period of a goal."""

    period_from: date
    period_until: date
    minutes: int
    target_minutes: int  # less where only some days of the period were days of the goal
    percent: int  # at most 100
    outcome: Outcome

    @property
    def is_met(self) -> bool:
        """Whether it was practised enough."""
        return self.outcome is Outcome.MET


def current(db: Database, rows: Sequence[AnyRow], *, user_id: UUID, today: date) -> list[dict[str, Any]]:
    """Goals as JSON, each with the period that `today` lies in. The sessions of a month are read once for all of them."""
    since = min([periods.of(today, per).from_on for per in PER.values()])
    spent = _spent(db, user_id=user_id, from_on=since)
    paused = goals.pauses(db, [row.id for row in rows], user_id=user_id)
    shown = []
    for row in rows:
        period = periods.of(today, PER[Often(row.period)])
        seconds: dict[date, int] = defaultdict(int)
        for (day, *what), each in spent.items():
            seconds[day] += each if _is_of(row, *what) else 0
        shown.append(row._asdict() | {"progress": one(row, period, seconds, paused[row.id], today=today)})
    return shown


def history(db: Database, row: AnyRow, *, user_id: UUID, today: date, periods_back: int) -> dict[str, Any]:
    """The latest periods of one goal, newest first, and how many of them in a row were met, up to now.

    A period that is not over ends no run, and one that was paused neither adds to it nor ends it.
    """
    per = PER[Often(row.period)]
    last = min(today, row.ends_on or today)
    if last < row.starts_on:
        return {"periods": [], "run": 0}
    first = max(row.starts_on, last - LONGEST_RUN)
    wanted = Wanted(user_id, first, last, row.song_name, row.instrument)
    seconds = {day: each.seconds for day, each in practised.by_day(db, wanted).items()}
    paused = goals.pauses(db, [row.id], user_id=user_id)[row.id]
    found = [one(row, period, seconds, paused, today=today) for period in periods.between(first, last, per)]
    return {"periods": found[-periods_back:][::-1], "run": run(found)}


def one(row: Any, period: Period, by_day: Mapping[date, int], paused: Spans, *, today: date) -> Progress:
    """A goal in one period, by the seconds of each day. A goal has its own days: from its first to its last, but for pauses.

    Only they count; where they are only some of the period, the target is that part of it, rounded up to a minute.
    """
    asked = [day for day in period.all_days() if _is_asked(row, paused, day)]
    target = -(-row.target_minutes * len(asked) // period.days)
    seconds = sum(by_day.get(day, 0) for day in asked)
    minutes = periods.minutes(seconds)
    if not asked:
        outcome = Outcome.PAUSED
    elif seconds >= target * 60:
        outcome = Outcome.MET
    else:
        outcome = Outcome.OPEN if today <= period.until_on else Outcome.MISSED
    percent = min(100, seconds * 100 // (target * 60)) if target else 0
    return Progress(period.from_on, period.until_on, minutes, target, percent, outcome)


def run(found: Sequence[Progress]) -> int:
    """How many of these periods, oldest first, were met in a row up to now.

    >>> def day(outcome: str) -> Progress:
    ...     return Progress(date(2026, 1, 1), date(2026, 1, 1), 0, 0, 0, Outcome(outcome))
    >>> run([day(each) for each in ("met", "missed", "met", "paused", "met", "open")])
    2
    """
    length = 0
    for each in reversed(found):
        if each.outcome is Outcome.MISSED:
            break
        length += each.outcome is Outcome.MET
    return length


def _is_asked(row: Any, paused: Spans, day: date) -> bool:
    """Whether a day is one of the goal's."""
    is_its = row.starts_on <= day <= (row.ends_on or day)
    return is_its and not any(from_on <= day <= (until_on or day) for from_on, until_on in paused)


def _spent(db: Database, *, user_id: UUID, from_on: date) -> Mapping[tuple[date, str, str], int]:
    """The seconds of each day, piece and instrument."""
    group = (Session.practised_on, Session.piece, Session.folded_instrument)
    wanted = Wanted(user_id, from_on)
    rows = select(*group, func.sum(Session.duration_seconds)).where(*wanted.conditions()).group_by(*group)
    return {(day, piece, on): int(seconds) for day, piece, on, seconds in db.execute(rows)}


def _is_of(row: AnyRow, piece: str, instrument: str) -> bool:
    of_piece = row.song_name is None or pieces.folded(row.song_name) == piece
    return of_piece and (row.instrument is None or pieces.folded(row.instrument) == instrument)
