"""Histories of practice for tests: sessions, wishes and a moment at which somebody looks; kept in the database, or in mind."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import streaks
from services.sessions.calendars.excuses import Played
from services.sessions.calendars.streaks import Facts
from services.sessions.calendars.stretches import Stretch
from services.sessions.calendars.wishes import Rule, Wishes
from shared import clock
from shared.db import transaction

SESSION = text(
    """
    INSERT INTO sessions (id, user_id, song_name, piece, instrument, folded_instrument, duration_seconds,
        total_practice_seconds, date, time_zone, practised_on, state)
    SELECT gen_random_uuid(), :user_id, 'Minuet', 'minuet', 'Piano', 'piano', 60, 60, played.at, played.zone, played.day,
        'saved'
    FROM unnest(CAST(:ats AS timestamptz[]), CAST(:zones AS text[]), CAST(:days AS date[])) AS played (at, zone, day)
    """
)
RULE = text("INSERT INTO practice_rules VALUES (:user_id, :from_on, :day_start_hour, :rest_weekdays)")
REST = text("INSERT INTO rest_days (user_id, rest_on) SELECT :user_id, unnest(CAST(:days AS date[]))")


@dataclass(frozen=True)
class History:
    """What somebody played, as (instant, zone), what they wished, and when and from which zone they look."""

    played: tuple[tuple[datetime, str], ...]
    now: datetime
    zone: str
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def sessions(self) -> list[Played]:
        return [Played(self.wishes.day_of(at, zone), at, zone) for at, zone in self.played]

    @property
    def days(self) -> set[date]:
        return {each.on for each in self.sessions}

    @property
    def today(self) -> date:
        return self.wishes.day_of(self.now, self.zone)

    def with_(self, *more: tuple[datetime, str]) -> "History":
        return replace(self, played=(*self.played, *more))

    def streak(self) -> int:
        """By the code of the service, with the facts in mind."""
        sessions = self.sessions

        def around(first: date, last: date) -> list[Played]:
            return [each for each in sessions if first <= each.on <= last]

        facts = Facts(self.wishes, around, Played(self.today, self.now, self.zone))
        return max((each.days for each in streaks.alive(facts, stretched(self.days))), default=0)


def local(zone: str, *at: int) -> tuple[datetime, str]:
    """A session at a local time: `local("Asia/Tokyo", 2026, 3, 4, 20)`."""
    return datetime(*at, tzinfo=ZoneInfo(zone)).astimezone(UTC), zone  # type: ignore[misc, arg-type]


def daily(zone: str, first: date, last: date, hour: int = 12) -> list[tuple[datetime, str]]:
    """A session a day, of those days that were on that zone's calendar."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    there = [(datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC), day) for day in days]
    return [(at, zone) for at, day in there if at.astimezone(ZoneInfo(zone)).date() == day]


def stretched(days: Iterable[date]) -> list[Stretch]:
    """The same days as stretches, newest first."""
    known = sorted(set(days))
    firsts = [after for before, after in pairwise([date.min, *known]) if (after - before).days > 1]
    lasts = [before for before, after in pairwise([*known, date.max]) if (after - before).days > 1]
    return [Stretch(first, last) for first, last in zip(firsts, lasts, strict=True)][::-1]


@contextmanager
def kept(engine: Engine, history: History) -> Iterator[tuple[Database, dict[str, Any]]]:
    """A transaction of a new person whose history this is, and the arguments of those who ask for it; taken back at the end."""
    user_id = uuid.uuid4()
    with transaction(engine, user_id=user_id) as db, clock.held(history.now):
        keep(db, user_id, history)
        yield db, {"user_id": user_id, "today": history.today, "zone": history.zone}
        db.rollback()


def keep(db: Database, user_id: uuid.UUID, history: History) -> None:
    sessions: Sequence[Played] = history.sessions
    columns = {
        "ats": [each.at for each in sessions],
        "zones": [each.zone for each in sessions],
        "days": [each.on for each in sessions],
    }
    db.execute(SESSION, columns | {"user_id": user_id})
    for rule in history.wishes.rules:
        facts = {"from_on": rule.from_on, "day_start_hour": rule.day_start_hour, "rest_weekdays": sorted(rule.rest_weekdays)}
        db.execute(RULE, facts | {"user_id": user_id})
    db.execute(REST, {"user_id": user_id, "days": sorted(history.wishes.rest_days)})


def wishing(*rules: Rule, rest: Iterable[date] = ()) -> Wishes:
    return Wishes(tuple(sorted(rules, key=lambda rule: rule.from_on, reverse=True)), frozenset(rest))
