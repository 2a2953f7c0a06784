"""Streaks over all zones that there are, and over the real clock changes of each."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.sessions.calendars import changes
from tests.sessions.calendars.histories import History, daily

DAY = timedelta(days=1)
AROUND = 3  # days on either side of a clock change
MINUTES = 24 * 60


def instants_of(day: date, zone: str, minutes: list[int]) -> list[datetime]:
    """The instants among those minutes after the day began, and before, that really are on that day there."""
    begins = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    tried = (begins + timedelta(minutes=minute) for minute in minutes)
    return [at for at in tried if at.astimezone(ZoneInfo(zone)).date() == day]


def days_around(change: datetime, zone: str) -> list[date]:
    """The dates around a clock change that were on that zone's calendar, oldest first."""
    noons = (change + timedelta(hours=6 * number) for number in range(-4 * AROUND, 4 * AROUND + 1))
    return sorted({at.astimezone(ZoneInfo(zone)).date() for at in noons})


def looked_at(played: list[datetime], zone: str) -> History:
    return History(tuple((at, zone) for at in played), max(played) + timedelta(minutes=1), zone)


def check(zone: str, change: datetime, chance: random.Random) -> None:
    """A session a day is a streak of so many days, noon or not; without one day of them it splits there, and exactly there."""
    days = days_around(change, zone)
    minutes = [chance.randrange(-60, 25 * 60) for _ in range(12)] + [12 * 60, 14 * 60]
    some = [chance.choice(instants_of(day, zone, minutes)) for day in days]
    noons = [at for at, _ in daily(zone, days[0], days[-1])]

    for played in (noons, some):
        assert looked_at(played, zone).days == set(days), (zone, change)
        assert looked_at(played, zone).streak() == len(days), (zone, change)
    for missing in range(len(days) - 1):
        without = [at for number, at in enumerate(noons) if number != missing]
        assert looked_at(without, zone).streak() == len(days) - 1 - missing, (zone, change, days[missing])


@pytest.mark.nightly
def test_every_clock_change_of_every_zone(figures: Callable[[str], None]) -> None:
    chance, counted = random.Random(5), 0

    for zone in changes.ZONES:
        for change in changes.of(zone):
            check(zone, change, chance)
            counted += 1

    figures(
        f"streaks: {counted} clock changes of {len(changes.ZONES)} zones, a session at noon and one at any time of each day"
    )
    assert counted > 20_000


@pytest.mark.nightly
def test_a_year_of_every_zone() -> None:
    chance = random.Random(6)

    for zone in changes.ZONES:
        first = date(chance.randrange(1971, 2029), 1, 1)
        noons = [at for at, _ in daily(zone, first, first + 365 * DAY)]
        history = looked_at(noons, zone)

        assert history.streak() == len(noons) == len(history.days), (zone, first)
        assert looked_at(noons[:100] + noons[101:], zone).streak() == len(noons) - 101, (zone, first)


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati", "Pacific/Fakaofo"])
def test_the_changes_of_zones_that_crossed_the_date_line(zone: str) -> None:
    chance = random.Random(7)

    for change in changes.of(zone):
        check(zone, change, chance)


def test_a_few_changes_of_many_zones() -> None:
    chance = random.Random()

    for zone in chance.sample(changes.ZONES, 12):
        for change in chance.sample(changes.of(zone), min(2, len(changes.of(zone)))):
            check(zone, change, chance)
