"""What a long history costs, seen from where it was not lived, and one that somebody made to be costly."""

import time
from datetime import UTC, date, datetime, timedelta

from services.sessions.calendars import explaining, streaks
from services.sessions.calendars.excuses import Played
from services.sessions.calendars.streaks import Facts
from services.sessions.calendars.wishes import Rule
from tests.sessions.calendars import changes
from tests.sessions.calendars.histories import History, stretched, wishing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECONDS = 1.5  # of this machine's time, where comparing each session with each took more than 15


def longest(history: History) -> tuple[int, float]:
    """The longest streak, with the sessions in memory as for its explanation, and the processor's seconds that it took."""
    facts = explaining._at_hand(
        Facts(history.wishes, lambda first, last: [], Played(history.today, history.now, history.zone)), history.sessions
    )
    found = stretched(history.days)
    begun = time.process_time()
    return max(each.days for each in streaks.streaks(facts, found)), time.process_time() - begun


def test_27_years_of_every_second_day_in_prague_are_soon_told_to_whoever_looks_from_elsewhere() -> None:
    played = tuple((NOW - DAY * (2 * number + 1), "Europe/Prague") for number in range(5_000))

    days, seconds = longest(History(played, NOW, "UTC"))

    assert days == 1
    assert seconds < SECONDS


def test_one_missed_day_between_years_of_rest_is_soon_told_wherever_somebody_played_before_it_and_after() -> None:
    missed = datetime(2026, 11, 10, 12, tzinfo=UTC)
    zones = changes.ZONES[:150]
    before = ((missed - DAY * (number + 1), "Europe/Prague") for number in range(600))
    after = ((missed + 2 * DAY + timedelta(minutes=number), zones[number % 150]) for number in range(600))
    always = frozenset(range(1, 8))
    on = missed.date()
    wishes = wishing(Rule(date(1970, 1, 1), 0, always), Rule(on), Rule(on + DAY, 0, always))

    days, seconds = longest(History((*before, *after), NOW, "UTC", wishes))

    assert days == 600
    assert seconds < SECONDS
