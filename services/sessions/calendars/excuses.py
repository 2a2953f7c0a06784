"""Why a streak goes on over a date without practice, where it does. Facts in, a reason out.

A date between two days of practice is missed, unless

- it was for rest, by the player's own word;
- it was no date at all where they were: Samoa left 30 December 2011 out;
- or it fell between two calendars: of a session before it and one after it, less than 24 hours lie between them, or else
  in the zone of either one no date but those of rest does. Who plays on Monday evening in Honolulu and on Wednesday
  evening in Tokyo has let 27 hours pass, and in Tokyo it was Tuesday that they played on in Honolulu.

More sessions and more days of rest only ever excuse more, in whatever order they are told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice

from services.sessions.calendars import days
from services.sessions.calendars.days import DAY
from services.sessions.calendars.wishes import Wishes

A_DAY = timedelta(hours=24)
SHIFT_DAYS = 2  # zones are up to 26 hours apart, and a change of the hour at which days begin is 12 more: under two days
Outmost = Callable[
    [Iterable[date]], date
]  # max of what came before, min of what came after: what lies nearest to the date between
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
    earlier = sorted((each for each in played if each.on < day), key=_instant, reverse=True)
    later = sorted((each for each in played if each.on > day), key=_instant)
    if not earlier or not later:
        return None
    has_travelled = len({each.zone for each in played}) > 1
    if has_travelled and (_within_a_day(earlier, later) or _met(day, earlier, later, wishes)):
        return Why.TRAVELLED
    return Why.WITHIN_24_HOURS if later[0].at - earlier[0].at < A_DAY else None


def _instant(each: Played) -> datetime:
    return each.at


def _within_a_day(earlier: Sequence[Played], later: Sequence[Played]) -> bool:
    """Whether two sessions of different zones are that near: the nearest two, or one of them and the next from elsewhere."""
    before, after = earlier[0], later[0]
    if before.zone != after.zone:
        return after.at - before.at < A_DAY
    pairs = [(_elsewhere(earlier, after.zone), after), (before, _elsewhere(later, before.zone))]
    return any(one and other and other.at - one.at < A_DAY for one, other in pairs)


def _elsewhere(sessions: Sequence[Played], zone: str) -> Played | None:
    """The first of them that was played in another zone."""
    return next((each for each in sessions if each.zone != zone), None)


def _met(day: date, earlier: Sequence[Played], later: Sequence[Played], wishes: Wishes) -> bool:
    """Whether on the calendar of any zone nothing but rest lies between a session there and one elsewhere.

    On one calendar the newest day before and the oldest after say it for all others, which only have more between them. So
    this takes a look at each session and each zone, and never at each pair.
    """
    worked = [day, *_next_worked(day, -DAY, min(each.on for each in earlier), wishes)]
    worked += _next_worked(day, DAY, max(each.on for each in later), wishes)
    lasts, firsts = _by_zone(earlier, wishes, max), _by_zone(later, wishes, min)
    on_theirs = [(last, _reached(later, zone, wishes, min), zone) for zone, last in lasts.items()]
    on_theirs += [(first, _reached(earlier, zone, wishes, max), zone) for zone, first in firsts.items()]
    return any(other and _is_rest(one, other, zone, worked, wishes) for one, other, zone in on_theirs)


def _next_worked(day: date, step: timedelta, until: date, wishes: Wishes) -> list[date]:
    """The next date in one direction that is not for rest, up to `until`; none where there is none."""
    dates = (day + step * number for number in range(1, abs((until - day).days)))
    return list(islice((each for each in dates if not wishes.rests_on(each)), 1))


def _by_zone(sessions: Iterable[Played], wishes: Wishes, outmost: Outmost) -> dict[str, date]:
    """Of each zone that was played in, the day on its calendar that is nearest to the missed one."""
    found: dict[str, date] = {}
    for each in sessions:
        on = wishes.day_of(each.at, each.zone)
        found[each.zone] = outmost([found.get(each.zone, on), on])
    return found


def _reached(sessions: Sequence[Played], zone: str, wishes: Wishes, outmost: Outmost) -> date | None:
    """The day in `zone` that sessions elsewhere come nearest with. They are told from the nearest instant on.

    It is the first one's, but for clocks that are set back over midnight: then a date comes twice, and a day's worth is asked.
    """
    nearest = _elsewhere(sessions, zone)
    if nearest is None:
        return None
    since, until = sorted((nearest.at, nearest.at + (A_DAY if outmost is min else -A_DAY)))
    if not days.set_back(since, until, zone):
        return wishes.day_of(nearest.at, zone)
    return outmost(wishes.day_of(each.at, zone) for each in sessions if each.zone != zone and since <= each.at <= until)


def _is_rest(one: date, other: date, zone: str, worked: Sequence[date], wishes: Wishes) -> bool:
    """Whether only rest lies between two days. Nearly always it is `worked`, the dates around the missed one, that say no."""
    first, last = sorted((one, other))
    if any(first < each < last and days.exists(each, zone) for each in worked):
        return False
    return all(wishes.rests_on(each) or not days.exists(each, zone) for each in days.between(first, last))
