"""What practice adds up to: by day, week or month, by piece, by instrument."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import periods
from services.sessions.calendars.periods import Per, Period
from services.sessions.errors import DaysReversed, TooManyPeriods
from services.sessions.models.practice import Session
from services.sessions.stats import practised
from services.sessions.stats.practised import Sum, Wanted

MOST = {Per.DAY: 400, Per.WEEK: 200, Per.MONTH: 240}  # periods of one answer: a year and a month, four years, twenty years
USUAL = {Per.DAY: 30, Per.WEEK: 12, Per.MONTH: 12}  # where nobody says since when
LONGEST_DAYS = {Per.DAY: 1, Per.WEEK: 7, Per.MONTH: 31}


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the groups, and how many there are of them."""

    rows: list[dict[str, Any]]
    total: int


def span(per: Per, *, from_on: date | None, until_on: date | None, today: date) -> Period:
    """The days that are meant: until today where nobody says, and since as many periods before as are usual.

    Raises DaysReversed, TooManyPeriods.
    """
    last = until_on or max(today, from_on or today)
    first = from_on or periods.back(last, per, periods=USUAL[per])
    if first > last:
        raise DaysReversed(from_=str(first), to=str(last))
    if (last - first).days > (MOST[per] + 1) * LONGEST_DAYS[per]:
        raise TooManyPeriods(max_periods=MOST[per])
    return Period(first, last)


def per_period(db: Database, wanted: Wanted, per: Per) -> list[dict[str, Any]]:
    """Every period that touches the days that are `wanted`, oldest first, empty ones too; each is whole.

    Raises TooManyPeriods.
    """
    assert wanted.from_on is not None
    assert wanted.until_on is not None
    found = list(periods.between(wanted.from_on, wanted.until_on, per))
    if len(found) > MOST[per]:
        raise TooManyPeriods(max_periods=MOST[per])
    whole = replace(wanted, from_on=found[0].from_on, until_on=found[-1].until_on)
    sums: dict[date, Sum] = {}
    for day, sum_ in practised.by_day(db, whole).items():
        first = periods.of(day, per).from_on
        sums[first] = sums.get(first, Sum()) + sum_
    return [_shown(period, sums.get(period.from_on, Sum())) for period in found]


def by_piece(db: Database, wanted: Wanted, *, limit: int, offset: int) -> Page:
    """Every piece, the most practised first, under its latest spelling."""
    return _by(db, wanted, Session.piece.expression, Session.song_name.expression, "song_name", limit, offset)


def by_instrument(db: Database, wanted: Wanted, *, limit: int, offset: int) -> Page:
    """Every instrument, the most practised first, under its latest spelling."""
    return _by(db, wanted, Session.folded_instrument.expression, Session.instrument.expression, "instrument", limit, offset)


def _by(
    db: Database, wanted: Wanted, group: ColumnElement[str], name: ColumnElement[str], label: str, limit: int, offset: int
) -> Page:
    latest: Any = func.array_agg(aggregate_order_by(name, Session.date.desc()))
    seconds = func.sum(Session.duration_seconds)
    rows = (
        select(
            latest[1].label(label),
            seconds.label("seconds"),
            func.count().label("sessions"),
            func.min(wanted.day).label("first_practised_on"),
            func.max(wanted.day).label("last_practised_on"),
            func.round(func.avg(Session.self_rating), 2).label("average_self_rating"),
            func.max(Session.tempo_bpm).label("best_tempo_bpm"),
            func.max(Session.score_accuracy).label("best_score_accuracy"),
        )
        .where(*wanted.conditions())
        .group_by(group)
        .order_by(seconds.desc(), group)
    )
    total = db.scalar(select(func.count(group.distinct())).where(*wanted.conditions())) or 0
    return Page([_grouped(row) for row in _all(db, rows.limit(limit).offset(offset))], total)


def _all(db: Database, rows: Any) -> Sequence[Row[Any]]:
    return db.execute(rows).all()


def _grouped(row: Row[Any]) -> dict[str, Any]:
    found = dict(row._mapping)
    rating = found["average_self_rating"]
    return found | {
        "seconds": int(row.seconds),
        "minutes": periods.minutes(int(row.seconds)),
        "average_self_rating": None if rating is None else float(rating),
    }


def _shown(period: Period, sum_: Sum) -> dict[str, Any]:
    return {
        "from_on": period.from_on,
        "until_on": period.until_on,
        "minutes": periods.minutes(sum_.seconds),
        "seconds": sum_.seconds,
        "sessions": sum_.sessions,
    }


def year(db: Database, wanted: Wanted, number: int) -> dict[date, int]:
    """The seconds of every day of a year, in order, days without practice too."""
    first, last = date(number, 1, 1), date(number, 12, 31)
    sums = practised.by_day(db, replace(wanted, from_on=first, until_on=last))
    return {
        day: sums.get(day, Sum()).seconds for day in (first + timedelta(days=each) for each in range((last - first).days + 1))
    }
