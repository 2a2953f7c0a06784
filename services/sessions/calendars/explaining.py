"""Every day of a streak and why it counts, or does not: so that nobody has to believe a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import periods, rules, streaks, stretches, words
from services.sessions.calendars.days import DAY
from services.sessions.calendars.excuses import Played, Why, resting
from services.sessions.calendars.streaks import Facts, Streak
from services.sessions.calendars.stretches import Stretch
from services.sessions.models.practice import Session
from services.sessions.practice.sessions import saved_by


@dataclass(frozen=True, slots=True)
class Practised:
    """What was practised on one day: in how many sessions, for how long, in which zones."""

    sessions: int = 0
    seconds: int = 0
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A streak as of today, the longest one ever, and what to tell them by."""

    facts: Facts
    found: list[Stretch]  # newest first
    current: Streak | None
    longest: Streak | None

    @property
    def today(self) -> date:
        """The player's day."""
        return self.facts.now.on

    @property
    def first_on(self) -> date:
        """The first day ever practised; today, where there is none."""
        return min(self.found[-1].first, self.today) if self.found else self.today

    def ended_on(self) -> date | None:
        """The day that ended the streak before this one; None where there was none."""
        day = (self.current.first_on if self.current else self.today) - DAY
        while day > self.first_on:
            if self.facts.excuse(day) is None:
                return day
            day -= DAY
        return None


def explain(db: Database, *, user_id: UUID, zone: str, before: date | None, limit: int) -> dict[str, Any]:
    """The streak, the longest one, and the days newest first, back to the one that ended the streak before it.

    Up to `limit` days; those that are older than `before`, which goes on past the end of the streak as well.
    `next_before` asks for the next page, and is null after the first day ever practised.
    """
    story = _story(db, user_id=user_id, zone=zone)
    newest = max(story.today, story.current.last_on if story.current else story.today)
    top, ended_on = min(newest, before - DAY) if before else newest, story.ended_on()
    floor = ended_on if ended_on and top >= ended_on else story.first_on
    listed = [top - timedelta(days=number) for number in range(min(limit, (top - floor).days + 1))]
    practised = _practised(db, listed[-1], top, user_id=user_id) if listed else {}
    return {
        "streak": story.current.days if story.current else 0,
        "longest": _shown(story.longest),
        "today": story.today,
        "zone": zone,
        "said": words.of_streak(story.current, ended_on),
        "days": [_told(story, day, practised.get(day, Practised())) for day in listed],
        "next_before": listed[-1] if listed and listed[-1] > story.first_on else None,
    }


def _story(db: Database, *, user_id: UUID, zone: str) -> Story:
    today = rules.today(db, user_id=user_id, zone=zone)
    facts = streaks.facts_of(db, user_id=user_id, today=today, zone=zone)
    found = list(stretches.newest_first(db, user_id=user_id, until=today + streaks.AHEAD))
    if len(found) > 1:
        facts = _at_hand(facts, stretches.around(db, found[-1].first, found[0].last, user_id=user_id))
    alive = streaks.alive(facts, found)
    ever = [*alive, *streaks.streaks(facts, [each for each in found if each.last <= today])]
    return Story(facts, found, max(alive, key=_days, default=None), max(ever, key=_days, default=None))


def _at_hand(facts: Facts, played: Sequence[Played]) -> Facts:
    """The same facts, with every session in memory: so many gaps are looked into that asking for each took longer."""
    by_day: dict[date, list[Played]] = {}
    for each in played:
        by_day.setdefault(each.on, []).append(each)

    def around(first: date, last: date) -> list[Played]:
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [each for day in days for each in by_day.get(day, ())]

    return Facts(facts.wishes, around, facts.now)


def _days(streak: Streak) -> int:
    return streak.days


def _shown(streak: Streak | None) -> dict[str, Any] | None:
    return {"days": streak.days, "first_on": streak.first_on, "last_on": streak.last_on} if streak else None


def _told(story: Story, day: date, practised: Practised) -> dict[str, Any]:
    why = _why(story, day, practised)
    return {
        "day": day,
        "counts": why is Why.PRACTISED,
        "why": why,
        "said": words.of_day(day, why, practised.seconds, has_sessions=practised.sessions > 0),
        "minutes": periods.minutes(practised.seconds),
        "sessions": practised.sessions,
        "zones": practised.zones,
        "from_hour": story.facts.wishes.on(day).day_start_hour,
    }


def _why(story: Story, day: date, practised: Practised) -> Why:
    if practised.seconds:
        return Why.PRACTISED
    if day == story.today:
        return resting(day, story.facts.wishes) or Why.TODAY_IS_NOT_OVER
    return story.facts.excuse(day) or Why.MISSED


def _practised(db: Database, first: date, last: date, *, user_id: UUID) -> dict[date, Practised]:
    zones = func.array_agg(Session.time_zone.distinct())
    sums = select(Session.practised_on, func.count(), func.sum(Session.duration_seconds), zones)
    where = (*saved_by(user_id), Session.practised_on.between(first, last))
    rows = db.execute(sums.where(*where).group_by(Session.practised_on))
    return {on: Practised(count, int(seconds), tuple(zones)) for on, count, seconds, zones in rows}
