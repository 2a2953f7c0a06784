"""What holds of every history, with travel, rules and rest; and that Postgres, the service and a pencil agree on it."""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from services.sessions.calendars import explaining, streaks, stretches
from services.sessions.calendars.wishes import Rule
from shared import clock
from shared.db import make_engine, transaction
from tests.sessions.calendars import changes, plain
from tests.sessions.calendars.histories import History, keep, kept, wishing
from tests.stack import Stack

MANY = 1_000  # histories at night
FEW = 20
ODD = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Apia", "Pacific/Honolulu", "Asia/Tokyo", "Europe/Prague", "UTC"]
ZONES = st.one_of(st.sampled_from(ODD), st.sampled_from(changes.ZONES))
STARTS = st.one_of(
    st.just(datetime(2011, 12, 24, tzinfo=UTC)),  # Samoa's
    st.just(datetime(2026, 3, 22, tzinfo=UTC)),  # the week in which Europe's clocks change
    st.datetimes(datetime(1971, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)),
)
WEEKDAYS = st.sampled_from([frozenset(), frozenset({7}), frozenset({6, 7}), frozenset({1, 3, 5})])


@st.composite
def histories(draw: st.DrawFn, *, most: int = 14) -> History:
    """Two or three weeks of somebody who travels, rests, and changes their mind about when days begin."""
    start = draw(STARTS)
    home = draw(ZONES)
    zones = st.one_of(st.just(home), ZONES)
    hours = st.integers(0, 24 * 20)
    played = tuple((start + timedelta(hours=draw(hours), minutes=draw(st.integers(0, 59))), draw(zones)) for _ in range(most))
    some = st.integers(0, 22).map(lambda number: start.date() + timedelta(days=number))
    rules = {day: Rule(day, draw(st.sampled_from([0, 0, 4, 12])), draw(WEEKDAYS)) for day in draw(st.sets(some, max_size=2))}
    now = start + timedelta(hours=draw(st.integers(24 * 8, 24 * 22)))
    return History(played, now, draw(zones), wishing(*rules.values(), rest=draw(st.sets(some, max_size=3))))


@pytest.fixture(scope="module")
def engine(stack: Stack) -> Iterator[Engine]:
    """The web role's, one for all examples."""
    found = stack.engine("sessions")
    yield found
    found.dispose()


def many(number: int = FEW) -> settings:
    return settings(
        max_examples=number, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    )


@many()
@given(histories(most=8), st.integers(0, 24 * 20), ZONES)
def test_more_practice_never_shortens(history: History, hours: int, zone: str) -> None:
    more = (min(at for at, _ in history.played) + timedelta(hours=hours), zone)

    assert history.with_(more).streak() >= history.streak()


@many()
@given(histories(most=8), st.integers(0, 22))
def test_more_rest_never_shortens(history: History, number: int) -> None:
    day = min(history.days) + timedelta(days=number)
    rested = History(
        history.played, history.now, history.zone, wishing(*history.wishes.rules, rest=history.wishes.rest_days | {day})
    )

    assert rested.streak() >= history.streak()


@many()
@given(histories(), st.randoms())
def test_neither_order_nor_repetition_matters(history: History, chance) -> None:
    shuffled = [*history.played, *history.played[:3]]
    chance.shuffle(shuffled)

    assert History(tuple(shuffled), history.now, history.zone, history.wishes).streak() == history.streak()


@many()
@given(STARTS, st.lists(st.tuples(st.integers(1, 1439), ZONES), min_size=1, max_size=12), ZONES, st.integers(1, 1439))
def test_who_plays_within_every_24_hours_loses_no_streak_wherever_they_go(
    start: datetime, steps: list[tuple[int, str]], zone: str, later: int
) -> None:
    played, at = [], start
    for minutes, there in steps:
        at += timedelta(minutes=minutes)
        played.append((at, there))
    history = History(tuple(played), at + timedelta(minutes=later), zone)

    assert history.streak() >= len({each for each in history.days if each <= history.today})


@many()
@given(histories(most=20))
def test_postgres_counts_as_a_pencil_does(engine: Engine, history: History) -> None:
    agrees(engine, history)


@pytest.mark.nightly
@many(MANY)
@given(histories(most=20))
def test_postgres_and_a_pencil_agree_on_thousands(engine: Engine, history: History) -> None:
    agrees(engine, history)


def agrees(engine: Engine, history: History) -> None:
    """What is counted is what is explained, and both are what a pencil says; the facts in mind make the same of it."""
    with kept(engine, history) as (db, asked):
        counted = streaks.current(db, **asked)
        explained = explaining.explain(db, user_id=asked["user_id"], zone=history.zone, before=None, limit=100)

    assert history.streak() == counted == explained["streak"] == plain.streak(history)
    assert sum(day["counts"] for day in explained["days"]) == counted
    assert (explained["longest"] or {"days": 0})["days"] >= counted
    missed = [day for day in explained["days"] if day["why"] == "missed"]
    assert missed in ([], explained["days"][-1:])


def test_ten_years_are_read_from_the_index_of_days_alone_under_row_level_security(stack: Stack, engine: Engine) -> None:
    first, user_id = datetime(2016, 1, 1, 12, tzinfo=UTC), uuid.uuid4()
    played = tuple((first + timedelta(days=number), "UTC") for number in range(3653))
    history = History(played, played[-1][0], "UTC")
    with transaction(engine, user_id=user_id) as db:
        keep(db, user_id, history)
    analyse(stack)

    with transaction(engine, user_id=user_id) as db, clock.held(history.now):
        streak = streaks.current(db, user_id=user_id, today=history.today, zone="UTC")
        asked = {"user_id": user_id, "until": history.today, "most": 64}
        for other in ("seqscan", "bitmapscan", "sort"):  # ways that a table of one person alone can make cheaper
            db.execute(text(f"SET LOCAL enable_{other} = off"))
        plan = "\n".join(db.scalars(text(f"EXPLAIN {stretches.ENDS.text}"), asked))
        db.execute(text("DELETE FROM sessions"))

    assert streak == 3653
    assert "Index Only Scan Backward using ix_sessions_days" in plan
    assert re.search(r"Index Cond: \(\(user_id = .* AND \(practised_on <= ", plan)
    assert "Sort" not in plan


def analyse(stack: Stack) -> None:
    """Let Postgres tidy the table and learn what it holds, as it does by itself within a minute."""
    administrator = make_engine(stack.admin_url(), pool_size=1, application_name="tests")
    with administrator.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE sessions.sessions"))
    administrator.dispose()
