"""The cases at which streaks are known to break elsewhere, each with its sentence: by the service, in Postgres, by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.sessions.calendars import streaks
from services.sessions.calendars.wishes import Rule
from tests.sessions.calendars import plain
from tests.sessions.calendars.histories import History, daily, kept, local, wishing
from tests.stack import Stack

PRAGUE, NEW_YORK, TOKYO, HONOLULU = "Europe/Prague", "America/New_York", "Asia/Tokyo", "Pacific/Honolulu"
LONDON, SYDNEY, APIA, LOS_ANGELES = "Europe/London", "Australia/Sydney", "Pacific/Apia", "America/Los_Angeles"


def at(zone: str, *when: int) -> datetime:
    return local(zone, *when)[0]


def history(*played: tuple[datetime, str], now: tuple[datetime, str], wishes=None) -> History:
    return History(tuple(played), now[0], now[1], wishes or wishing())


MONDAY_TO_WEDNESDAY = [*daily(PRAGUE, date(2026, 1, 5), date(2026, 1, 7))]
CASES = {
    "yesterday's streak holds until today is over": (
        3,
        history(*MONDAY_TO_WEDNESDAY, now=local(PRAGUE, 2026, 1, 8, 23, 59)),
    ),
    "a whole day without practice ends it": (0, history(*MONDAY_TO_WEDNESDAY, now=local(PRAGUE, 2026, 1, 9, 0, 0))),
    "many sessions on one day are one day": (
        1,
        history(*(local(PRAGUE, 2026, 1, 5, hour) for hour in range(24)), now=local(PRAGUE, 2026, 1, 5, 23, 30)),
    ),
    "who practises until two in the night, with days that begin at four, has practised the evening before": (
        3,
        history(
            *daily(PRAGUE, date(2026, 1, 5), date(2026, 1, 6)),
            local(PRAGUE, 2026, 1, 8, 1, 30),
            now=local(PRAGUE, 2026, 1, 8, 20),
            wishes=wishing(Rule(date(2026, 1, 1), 4)),
        ),
    ),
    "before the day begins at four it still is yesterday, which is not over": (
        3,
        history(
            *daily(PRAGUE, date(2026, 1, 5), date(2026, 1, 7)),
            now=local(PRAGUE, 2026, 1, 9, 3, 59),
            wishes=wishing(Rule(date(2026, 1, 1), 4)),
        ),
    ),
    "after four that day is over": (
        0,
        history(
            *daily(PRAGUE, date(2026, 1, 5), date(2026, 1, 7)),
            now=local(PRAGUE, 2026, 1, 9, 4),
            wishes=wishing(Rule(date(2026, 1, 1), 4)),
        ),
    ),
    "a day start of six in London is six in London, not in the server's zone": (
        2,
        history(
            local(LONDON, 2014, 1, 8, 21),
            local(LONDON, 2014, 1, 9, 19),
            now=local(LONDON, 2014, 1, 10, 5, 59),
            wishes=wishing(Rule(date(2014, 1, 7), 6)),
        ),
    ),
    "the day start that was changed yesterday leaves the days before as they were": (
        4,
        history(
            *daily(PRAGUE, date(2026, 1, 5), date(2026, 1, 7), hour=2),
            local(PRAGUE, 2026, 1, 8, 22),
            now=local(PRAGUE, 2026, 1, 8, 23),
            wishes=wishing(Rule(date(2026, 1, 8), 5)),
        ),
    ),
    "from the west coast to the east and back after midnight in New York, the evening is one of yesterday nowhere": (
        4,
        history(
            local(LOS_ANGELES, 2014, 5, 4, 20),
            local(NEW_YORK, 2014, 5, 5, 21),
            local(NEW_YORK, 2014, 5, 6, 9),
            local(LOS_ANGELES, 2014, 5, 7, 22),
            now=local(LOS_ANGELES, 2014, 5, 8, 22),
        ),
    ),
    "looking from New York after its midnight ends nothing that Los Angeles still has time for": (
        2,
        history(
            local(LOS_ANGELES, 2014, 5, 4, 20),
            local(LOS_ANGELES, 2014, 5, 5, 20),
            now=local(NEW_YORK, 2014, 5, 7, 0, 30),
        ),
    ),
    "Monday evening in Honolulu and Wednesday evening in Tokyo are 27 hours apart": (
        3,
        history(
            local(HONOLULU, 2026, 3, 1, 18),
            local(HONOLULU, 2026, 3, 2, 18),
            local(TOKYO, 2026, 3, 4, 16),
            now=local(TOKYO, 2026, 3, 4, 22),
        ),
    ),
    "whoever has just landed in Tokyo on Wednesday, and played in Honolulu on Monday, has the evening left": (
        2,
        history(
            local(HONOLULU, 2026, 3, 1, 18),
            local(HONOLULU, 2026, 3, 2, 18),
            now=local(TOKYO, 2026, 3, 4, 16),
        ),
    ),
    "two full days between Honolulu and Tokyo are two days missed": (
        1,
        history(
            local(HONOLULU, 2026, 3, 1, 18),
            local(HONOLULU, 2026, 3, 2, 18),
            local(TOKYO, 2026, 3, 5, 23),
            now=local(TOKYO, 2026, 3, 5, 23, 30),
        ),
    ),
    "a Monday that nobody met between Saturday in Honolulu and Tuesday in Tokyo, with Sundays for rest, is not missed": (
        2,
        history(
            local(HONOLULU, 2026, 3, 7, 20),
            local(TOKYO, 2026, 3, 10, 9),
            now=local(TOKYO, 2026, 3, 10, 22),
            wishes=wishing(Rule(date(2026, 1, 1), 0, frozenset({7}))),
        ),
    ),
    "flying west and meeting the same date twice makes one day of it": (
        2,
        history(
            local(TOKYO, 2026, 3, 3, 9),
            local(TOKYO, 2026, 3, 4, 9),
            local(HONOLULU, 2026, 3, 4, 18),
            now=local(HONOLULU, 2026, 3, 4, 20),
        ),
    ),
    "who flew west and stands on yesterday's date keeps what they have practised on tomorrow's": (
        3,
        history(
            *daily(TOKYO, date(2026, 3, 2), date(2026, 3, 4), hour=9),
            now=local(HONOLULU, 2026, 3, 3, 20),
        ),
    ),
    "a session that is dated tomorrow on one's own calendar counts for nothing yet": (
        1,
        history(local(PRAGUE, 2026, 1, 5, 12), local(PRAGUE, 2026, 1, 6, 11), now=local(PRAGUE, 2026, 1, 5, 13)),
    ),
    "Samoa had no 30 December 2011": (
        5,
        history(*daily(APIA, date(2011, 12, 27), date(2012, 1, 1)), now=local(APIA, 2012, 1, 1, 13)),
    ),
    "Kwajalein had no 21 August 1993": (
        4,
        history(
            *daily("Pacific/Kwajalein", date(1993, 8, 19), date(1993, 8, 23)), now=local("Pacific/Kwajalein", 1993, 8, 23, 13)
        ),
    ),
    "the day after the one that Samoa left out, nothing is missed yet": (
        3,
        history(*daily(APIA, date(2011, 12, 27), date(2011, 12, 29)), now=local(APIA, 2011, 12, 31, 23, 59)),
    ),
    "the night in which Sydney's clocks go back holds no day more": (
        4,
        history(*daily(SYDNEY, date(2014, 4, 4), date(2014, 4, 7), hour=23), now=local(SYDNEY, 2014, 4, 7, 23, 30)),
    ),
    "the hour that comes twice in New York is not a new day": (
        3,
        history(
            local(NEW_YORK, 2014, 10, 31, 20),
            local(NEW_YORK, 2014, 11, 1, 20),
            (at(NEW_YORK, 2014, 11, 2, 1, 30) + timedelta(hours=1), NEW_YORK),
            now=local(NEW_YORK, 2014, 11, 3, 23),
        ),
    ),
    "the day of 23 hours is a day": (
        3,
        history(*daily(PRAGUE, date(2026, 3, 28), date(2026, 3, 30), hour=0), now=local(PRAGUE, 2026, 3, 30, 1)),
    ),
    "where clocks skip midnight, the day begins at one": (
        3,
        history(
            *daily("America/Santiago", date(2026, 9, 5), date(2026, 9, 7), hour=1), now=local("America/Santiago", 2026, 9, 7, 2)
        ),
    ),
    "from late on Saturday to early on Monday, over the Sunday that is cut short, are less than 24 hours": (
        2,
        history(local(PRAGUE, 2026, 3, 28, 23, 45), local(PRAGUE, 2026, 3, 30, 0, 30), now=local(PRAGUE, 2026, 3, 30, 1)),
    ),
    "half an hour of Lord Howe's summer loses no day": (
        3,
        history(
            *daily("Australia/Lord_Howe", date(2026, 10, 3), date(2026, 10, 5), hour=2),
            now=local("Australia/Lord_Howe", 2026, 10, 5, 3),
        ),
    ),
    "Sundays for rest neither add nor end": (
        12,
        history(
            *(each for each in daily(PRAGUE, date(2026, 1, 5), date(2026, 1, 17)) if each[0].isoweekday() != 7),
            now=local(PRAGUE, 2026, 1, 18, 12),
            wishes=wishing(Rule(date(2026, 1, 1), 0, frozenset({7}))),
        ),
    ),
    "practising on a day of rest adds": (
        3,
        history(*MONDAY_TO_WEDNESDAY, now=local(PRAGUE, 2026, 1, 8, 9), wishes=wishing(rest=[date(2026, 1, 6)])),
    ),
    "a week of illness, told afterwards, ends nothing": (
        4,
        history(
            *MONDAY_TO_WEDNESDAY,
            local(PRAGUE, 2026, 1, 15, 9),
            now=local(PRAGUE, 2026, 1, 15, 10),
            wishes=wishing(rest=[date(2026, 1, day) for day in range(8, 15)]),
        ),
    ),
    "one day of rest covers one day": (
        1,
        history(
            *MONDAY_TO_WEDNESDAY,
            local(PRAGUE, 2026, 1, 10, 9),
            now=local(PRAGUE, 2026, 1, 10, 10),
            wishes=wishing(rest=[date(2026, 1, 8)]),
        ),
    ),
    "Sundays that are for practice again from now on were for rest before": (
        6,
        history(
            *(each for each in daily(PRAGUE, date(2026, 1, 9), date(2026, 1, 15)) if each[0].isoweekday() != 7),
            now=local(PRAGUE, 2026, 1, 16, 9),
            wishes=wishing(Rule(date(2026, 1, 1), 0, frozenset({7})), Rule(date(2026, 1, 12))),
        ),
    ),
    "a session told later fills its day": (
        5,
        history(
            *MONDAY_TO_WEDNESDAY,
            local(PRAGUE, 2026, 1, 9, 9),
            local(PRAGUE, 2026, 1, 8, 9),
            now=local(PRAGUE, 2026, 1, 9, 10),
        ),
    ),
    "whoever never practised has none": (0, history(now=(datetime(2026, 1, 1, tzinfo=UTC), "UTC"))),
}


@pytest.mark.parametrize("case", CASES)
def test_the_named_cases(case: str) -> None:
    expected, told = CASES[case]

    assert told.streak() == expected
    assert plain.streak(told) == expected


def test_the_named_cases_in_postgres(stack: Stack) -> None:
    engine = stack.engine("sessions")
    found = {}

    for case, (_, told) in CASES.items():
        with kept(engine, told) as (db, asked):
            found[case] = streaks.current(db, **asked)

    engine.dispose()
    assert found == {case: expected for case, (expected, _) in CASES.items()}
