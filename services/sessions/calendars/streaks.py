"""Streaks: how many days in a row somebody has practised. Computed from facts whenever asked for, so none is ever lost.

A day counts when at least a second was practised on it. Days of rest neither add nor end; nobody limits their number, so
a streak means what its player says that it means. Today need not be practised yet, and days ahead count for nothing
yet. Days are those on which each session was lived; what lies between two calendars is told by `excuses`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from uuid import UUID

from sqlalchemy.orm import Session as Database

from services.sessions.calendars import excuses, stretches, wishes
from services.sessions.calendars.days import DAY
from services.sessions.calendars.excuses import SHIFT_DAYS, Played
from services.sessions.calendars.stretches import Stretch
from services.sessions.calendars.wishes import Wishes
from shared import clock

AHEAD = timedelta(days=SHIFT_DAYS)  # a calendar that somebody has come from may be so far ahead of theirs
Around = Callable[[date, date], Sequence[Played]]  # who played where, from one day to another


@dataclass(frozen=True, slots=True)
class Streak:
    """So many days practised, the first and the last of them; others between them were excused."""

    days: int
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What a streak is made of: wishes, the sessions around any date, and this moment, which is as good as a session."""

    wishes: Wishes
    around: Around
    now: Played

    def goes_on(self, earlier: date, later: date) -> bool:
        """Whether a streak goes on from one day to another, over the days between."""
        most = 2 * SHIFT_DAYS  # more than these can only be excused by rest
        gap = excuses.unrested(earlier, later, self.wishes, most=most + 1)
        if not gap:
            return True
        return len(gap) <= most and all(self.excuse(day) for day in gap)

    def excuse(self, day: date) -> excuses.Why | None:
        """Why a day without practice ends no streak; None where it does."""
        if rest := excuses.resting(day, self.wishes):
            return rest
        played = self.around(*excuses.window(day, self.wishes))
        return excuses.excuse(day, [*played, self.now], self.wishes)


def current(db: Database, *, user_id: UUID, today: date, zone: str) -> int:
    """Consecutive days practised as of `today`, on the calendar of `zone`. Yesterday's streak holds until today is over.

    Whoever has just come from a calendar that is ahead counts what they practised on it: no streak shrinks on the way.
    """
    facts = facts_of(db, user_id=user_id, today=today, zone=zone)
    found = stretches.newest_first(db, user_id=user_id, until=today + AHEAD)
    return max((streak.days for streak in alive(facts, found)), default=0)


def alive(facts: Facts, found: Iterable[Stretch]) -> list[Streak]:
    """The streak that reaches today; and before it the one that reaches further, where somebody's calendar was ahead."""
    today, rest = facts.now.on, iter(found)
    ahead: list[Stretch] = []
    for each in rest:
        if each.last > today:
            ahead += _lived_ahead(facts, each)
        if each.first <= today:
            rest = chain([Stretch(each.first, min(each.last, today))], rest)
            break
    up_to_today = list(rest) if ahead else rest
    further = next(streaks(facts, [*ahead, *up_to_today]), None) if ahead else None
    reaching = _reaching(facts, iter(up_to_today))
    return [streak for streak in (further, reaching) if streak]


def streaks(facts: Facts, found: Iterable[Stretch]) -> Iterator[Streak]:
    """Stretches joined over the days between them that are excused, newest first."""
    whole: Streak | None = None
    for each in found:
        if whole and facts.goes_on(each.last, whole.first_on):
            whole = Streak(whole.days + each.days, each.first, whole.last_on)
            continue
        if whole:
            yield whole
        whole = Streak(each.days, each.first, each.last)
    if whole:
        yield whole


def facts_of(db: Database, *, user_id: UUID, today: date, zone: str) -> Facts:
    """The facts of somebody's streaks, of which the sessions are read as they are asked for."""
    wished = wishes.of(db, user_id=user_id)

    def around(first: date, last: date) -> Sequence[Played]:
        return stretches.around(db, first, last, user_id=user_id)

    return Facts(wished, around, Played(today, clock.now(), zone))


def _lived_ahead(facts: Facts, found: Stretch) -> list[Stretch]:
    """The days after today on which somebody has played already, on a calendar ahead of theirs; newest first."""
    today = facts.now.on
    played = facts.around(max(found.first, today + DAY), found.last)
    lived = {each.on for each in played if facts.wishes.day_of(each.at, facts.now.zone) <= today}
    return [Stretch(day, day) for day in sorted(lived, reverse=True)]


def _reaching(facts: Facts, up_to_today: Iterator[Stretch]) -> Streak | None:
    newest = next(up_to_today, None)
    if newest is None or not facts.goes_on(newest.last, facts.now.on):
        return None
    return next(streaks(facts, chain([newest], up_to_today)))
