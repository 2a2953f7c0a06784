"""Why a streak goes on over a date without practice, where it does. Facts in, a reason out.

A date between two days of practice is missed, unless

- it was for rest, by the player's own word;
- it was no date at all where they were: Samoa left 30 December 2011 out;
- or it fell between two calendars: of a session before it and one after it, less than 24 hours lie between them, or else
  in the zone of either one no date but those of rest does. Who plays on Monday evening in Honolulu and on Wednesday
  evening in Tokyo has let 27 hours pass, and in Tokyo it was Tuesday that they played on in Honolulu.

More sessions and more days of rest only ever excuse more, in whatever order they are told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.sessions.calendars import days
from services.sessions.calendars.days import DAY
from services.sessions.calendars.wishes import Wishes

A_DAY = timedelta(hours=24)
SHIFT_DAYS = 2  # zones are up to 26 hours apart, and a change of the hour at which days begin is 12 more: under two days
NEAR_DAYS = 7  # a session so many days away tells on which calendar the player was


class Why(StrEnum):
    """Why a day counts, or why it does not and the streak goes on, or ends."""

    PRACTISED = "practised"
    REST_DAY = "rest_day"
    REST_WEEKDAY = "rest_weekday"
    NO_SUCH_DAY = "no_such_day"
    TRAVELLED = "travelled"
    WITHIN_24_HOURS = "within_24_hours"
    TODAY_IS_NOT_OVER = "today_is_not_over"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Played:
    """A session as a streak sees it: the day that it counts for, its instant, the zone that it was played in."""

    on: date
    at: datetime
    zone: str


def resting(day: date, wishes: Wishes) -> Why | None:
    """Which kind of rest a date was for, if any."""
    if day in wishes.rest_days:
        return Why.REST_DAY
    return Why.REST_WEEKDAY if wishes.rests_on(day) else None


def unrested(first: date, last: date, wishes: Wishes, *, most: int) -> list[date]:
    """The first dates between two days that were not for rest: up to `most` of them, oldest first."""
    found = []
    for day in days.between(first, last):
        if not wishes.rests_on(day):
            found.append(day)
            if len(found) == most:
                break
    return found


def window(day: date, wishes: Wishes) -> tuple[date, date]:
    """From which to which day sessions can excuse a date: past the next dates that are not for rest, and what zones shift."""
    bounds = []
    for step in (-DAY, DAY):
        bound = day + step
        while wishes.rests_on(bound + step) and abs(bound - day).days < 3660:
            bound += step
        bounds.append(bound + step * (1 + 2 * SHIFT_DAYS))
    near = NEAR_DAYS * DAY
    return min(bounds[0], day - near), max(bounds[1], day + near)


def excuse(day: date, played: Iterable[Played], wishes: Wishes) -> Why | None:
    """Why a date without practice ends no streak; None where it does. `played` are the sessions of its `window`, or more."""
    if rest := resting(day, wishes):
        return rest
    known = list(played)
    near = {each.zone for each in known if abs((each.on - day).days) <= NEAR_DAYS}
    if any(not days.exists(day, zone) for zone in near):
        return Why.NO_SUCH_DAY
    return _between_calendars(day, known, wishes)


def _between_calendars(day: date, played: Sequence[Played], wishes: Wishes) -> Why | None:
    earlier, later = [each for each in played if each.on < day], [each for each in played if each.on > day]
    if len({each.zone for each in played}) > 1 and any(
        before.zone != after.zone and _is_near(day, before, after) and _meet(before, after, wishes)
        for before in earlier
        for after in later
    ):
        return Why.TRAVELLED
    just_before = [each.at for each in earlier if (day - each.on).days <= SHIFT_DAYS]
    just_after = [each.at for each in later if (each.on - day).days <= SHIFT_DAYS]
    is_within = any(abs(after - before) < A_DAY for before in just_before for after in just_after)
    return Why.WITHIN_24_HOURS if is_within else None


def _is_near(day: date, before: Played, after: Played) -> bool:
    """Whether two calendars can have swallowed a date between these sessions at all: they shift no session further."""
    return (day - before.on).days <= SHIFT_DAYS or (after.on - day).days <= SHIFT_DAYS


def _meet(before: Played, after: Played, wishes: Wishes) -> bool:
    """Whether nothing but rest lies between two sessions of different zones: on one of their calendars, or on the clock."""
    return abs(after.at - before.at) < A_DAY or any(
        all(wishes.rests_on(day) or not days.exists(day, zone) for day in _between(before, after, zone, wishes))
        for zone in (before.zone, after.zone)
    )


def _between(before: Played, after: Played, zone: str, wishes: Wishes) -> list[date]:
    first, last = sorted((wishes.day_of(before.at, zone), wishes.day_of(after.at, zone)))
    return days.between(first, last)
