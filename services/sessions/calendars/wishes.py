"""What a player wishes of their calendar, read once: when days begin, on which weekdays they rest, single days off."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import null, select, union_all
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import days
from services.sessions.models.calendars import PracticeRule, RestDay
from shared import clock


@dataclass(frozen=True, slots=True)
class Rule:
    """From `from_on` on, days begin at `day_start_hour`, and `rest_weekdays` (ISO: Monday is 1) are for rest."""

    from_on: date
    day_start_hour: int = 0
    rest_weekdays: frozenset[int] = frozenset()


UNSAID = Rule(date.min)  # the rule of whoever has made none: days begin at midnight, and all of them are for practice


@dataclass(frozen=True, slots=True)
class Wishes:
    """The rules of a player, newest first, and their days off."""

    rules: tuple[Rule, ...] = ()
    rest_days: frozenset[date] = frozenset()

    def on(self, day: date) -> Rule:
        """The rule that was in force on a date.

        >>> Wishes((Rule(date(2026, 3, 1), 4), Rule(date(2026, 1, 1), 2))).on(date(2026, 2, 28)).day_start_hour
        2
        """
        later = bisect_left(self.rules, -day.toordinal(), key=_newest_first)
        return self.rules[later] if later < len(self.rules) else UNSAID

    def day_of(self, at: datetime, zone: str) -> date:
        """The day that an instant belongs to in `zone`, under the rule that was in force on its date."""
        civil = days.day_of(at, zone)
        hour = self.on(civil).day_start_hour
        return days.day_of(at, zone, day_start_hour=hour) if hour else civil

    def today(self, zone: str) -> date:
        """The day that it is for this player now. Before their day begins it still is yesterday."""
        return self.day_of(clock.now(), zone)

    def rests_on(self, day: date) -> bool:
        """Whether a date is one of rest."""
        return day in self.rest_days or day.isoweekday() in self.on(day).rest_weekdays


def _newest_first(rule: Rule) -> int:
    return -rule.from_on.toordinal()


def of(db: Database, *, user_id: UUID) -> Wishes:
    """All that somebody has wished."""
    rules = select(PracticeRule.from_on, PracticeRule.day_start_hour, PracticeRule.rest_weekdays)
    off = select(RestDay.rest_on, null(), null()).where(RestDay.user_id == user_id)
    return made_of(db.execute(union_all(rules.where(PracticeRule.user_id == user_id), off)))


def made_of(rows: Iterable[Any]) -> Wishes:
    """Rules as (from_on, day_start_hour, rest_weekdays) and days off as (date, None, None), in any order."""
    rules, off = [], set()
    for on, hour, weekdays in rows:
        if hour is None:
            off.add(on)
        else:
            rules.append(Rule(on, hour, frozenset(weekdays)))
    return Wishes(tuple(sorted(rules, key=lambda rule: rule.from_on, reverse=True)), frozenset(off))
