"""The streak once more, as one would count it with a calendar and a pencil: day by day, slowly, with nothing of the service."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.sessions.calendars.histories import History

DAY = timedelta(days=1)


def streak(history: History) -> int:
    """The longer one of the streak up to today, and of the one that goes on on a calendar that is ahead."""
    played = [(_day(history, at, zone), at, zone) for at, zone in history.played]
    today = _day(history, history.now, history.zone)
    ahead = {day for day, at, _ in played if day > today and _day(history, at, history.zone) <= today}
    so_far = {day for day, _, _ in played if day <= today}
    known = [*played, (today, history.now, history.zone)]
    found = _back_from(today, so_far, known, history)
    return max(found, _back_from(max(ahead), so_far | ahead, known, history)) if ahead else found


def _back_from(start: date, practised: set[date], known: list[tuple[date, datetime, str]], history: History) -> int:
    length, day = 0, start
    while practised and day >= min(practised):
        if day in practised:
            length += 1
        elif day != start and not _is_excused(day, known, history):
            break
        day -= DAY
    return length


def _is_excused(day: date, known: list[tuple[date, datetime, str]], history: History) -> bool:
    if _rests(history, day):
        return True
    if any(abs((on - day).days) <= 7 and not _is_a_date(day, zone) for on, _, zone in known):
        return True
    return any(_meet(one, other, history) for one in known if one[0] < day for other in known if other[0] > day)


def _meet(one: tuple[date, datetime, str], other: tuple[date, datetime, str], history: History) -> bool:
    if abs((one[1] - other[1]).total_seconds()) < 86_400:
        return True
    if one[2] == other[2]:
        return False
    for zone in (one[2], other[2]):
        first, last = sorted([_day(history, one[1], zone), _day(history, other[1], zone)])
        between = [first + DAY * number for number in range(1, (last - first).days)]
        if all(_rests(history, day) or not _is_a_date(day, zone) for day in between):
            return True
    return False


def _day(history: History, at: datetime, zone: str) -> date:
    there = at.astimezone(ZoneInfo(zone))
    hour = 0
    for rule in sorted(history.wishes.rules, key=lambda each: each.from_on):
        if rule.from_on <= there.date():
            hour = rule.day_start_hour
    return (there.replace(tzinfo=None) - timedelta(hours=hour)).date()


def _rests(history: History, day: date) -> bool:
    weekdays: frozenset[int] = frozenset()
    for rule in sorted(history.wishes.rules, key=lambda each: each.from_on):
        if rule.from_on <= day:
            weekdays = rule.rest_weekdays
    return day in history.wishes.rest_days or day.isoweekday() in weekdays


@cache
def _is_a_date(day: date, zone: str) -> bool:
    """Whether any quarter of an hour had that date there."""
    begins = datetime.combine(day, time(), UTC) - timedelta(hours=16)
    return any((begins + timedelta(minutes=15 * n)).astimezone(ZoneInfo(zone)).date() == day for n in range(4 * 56))
