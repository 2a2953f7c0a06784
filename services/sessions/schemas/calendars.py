"""JSON of calendars: when days begin, which are for rest, and why a streak is what it is."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.sessions.calendars.excuses import Why
from services.sessions.schemas.fields import Day
from shared.schemas import In, NoControlCharacters, Out

MAX_REASON = 500  # characters


Weekday = Annotated[int, Field(strict=True, ge=1, le=7)]


class CalendarChange(In):
    """When days begin, and on which weekdays you rest (ISO: Monday is 1): from today on, or from `from_on` on.

    A date in the past counts the sessions since anew. Later rules are replaced.
    """

    day_start_hour: Annotated[int, Field(strict=True, ge=0, le=12)]
    rest_weekdays: Annotated[list[Weekday], Field(max_length=7)]
    from_on: Day | None = None


class RestDayChange(In):
    """Why, for yourself."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_REASON), NoControlCharacters] | None = None


class RuleOut(Out):
    """What holds from one day on."""

    from_on: date
    day_start_hour: int
    rest_weekdays: list[int]


class CalendarOut(Out):
    """What holds today, and every rule ever made, newest first: each until the next one."""

    today: date
    zone: str
    day_start_hour: int
    rest_weekdays: list[int]
    rules: list[RuleOut]


class RestDayOut(Out):
    """A day off."""

    day: date
    reason: str | None


class StreakOut(Out):
    """So many days practised; the others between the first and the last were excused."""

    days: int
    first_on: date
    last_on: date


class ExplainedDayOut(Out):
    """One day: whether it counts, why, and what was practised on it. `from_hour` is the local hour at which it began."""

    day: date
    counts: bool
    why: Why
    said: str
    minutes: int
    sessions: int
    zones: list[str]
    from_hour: int


class ExplainedOut(Out):
    """The streak in days, newest first; `next_before` is the `before` of the next page."""

    streak: int
    longest: StreakOut | None
    today: date
    zone: str
    said: str
    days: list[ExplainedDayOut]
    next_before: date | None
