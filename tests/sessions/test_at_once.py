"""Two who do something at the same time: what is counted is counted once, and nobody waits for somebody who waits for them."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import rules
from services.sessions.errors import TooManyAnalyses, TooManyRunningSessions
from services.sessions.performances import analyses
from services.sessions.performances.analyses import MOST_UNDER_WAY, Outcome
from services.sessions.practice import running
from shared import ids
from shared.db import transaction
from tests.people import Person
from tests.sessions import make
from tests.sessions.performances.test_analyses import WAITING
from tests.stack import Stack

RESULT = {"performance_summary": "Steady.", "coach-feedback": "Go on.", "score_accuracy": 90}
Act = Callable[[Database, UUID], object]


def begin(db: Database, user_id: UUID) -> object:
    return running.begin(db, user_id=user_id, zone="UTC", song_name="Minuet", instrument="Piano", date=None)


def analyse(db: Database, user_id: UUID) -> object:
    return analyses.ask(db, user_id=user_id, recording=b"sound", score="<score/>", asked={})


def waits(db: Database, doing: Future[object]) -> bool:
    """Whether it comes to wait for a lock."""
    deadline = time.monotonic() + 2
    while not doing.done() and time.monotonic() < deadline:
        if db.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            return True
        time.sleep(0.01)
    return False


def done(engine: Engine, user_id: UUID, act: Act) -> object:
    with transaction(engine, user_id=user_id) as db:
        return act(db, user_id)


@pytest.mark.parametrize(
    ("act", "at_most", "refused"),
    [(begin, running.AT_ONCE, TooManyRunningSessions), (analyse, MOST_UNDER_WAY, TooManyAnalyses)],
)
def test_one_more_than_may_be_is_refused_at_the_same_time_too(
    stack: Stack, alice: Person, act: Act, at_most: int, refused: type[Exception]
) -> None:
    assert alice.id
    engine = stack.engine("sessions")
    with ThreadPoolExecutor(1) as pool, transaction(engine, user_id=alice.id) as db:
        for _ in range(at_most):
            act(db, alice.id)
        one_more = pool.submit(done, engine, alice.id, act)
        waits(db, one_more)

    assert isinstance(one_more.exception(), refused)
    engine.dispose()


def test_moving_a_session_waits_for_a_rule_without_holding_what_the_rule_counts_anew(stack: Stack, alice: Person) -> None:
    assert alice.id
    engine, session_id = stack.engine("sessions"), make.saved(alice)["id"]
    path = f"{make.PATH}/{session_id}"
    with ThreadPoolExecutor(1) as pool, transaction(engine, user_id=alice.id) as db:
        facts = {"zone": "UTC", "day_start_hour": 4, "rest_weekdays": (), "from_on": None}
        rules.change(db, user_id=alice.id, **facts)  # type: ignore[arg-type]
        moved = pool.submit(alice.http.patch, path, json={"date": "2026-01-01T02:00:00Z"})
        assert waits(db, moved)  # type: ignore[arg-type]
        db.execute(text("SELECT id FROM sessions WHERE id = :id FOR UPDATE NOWAIT"), {"id": session_id})

    assert moved.result().status_code == 200
    engine.dispose()


@pytest.mark.parametrize("act", ["finish", "forget"])
def test_whoever_ends_an_analysis_waits_for_its_session_first(stack: Stack, alice: Person, act: str) -> None:
    assert alice.id
    engine, session_id, analysis_id = stack.engine("sessions"), UUID(make.saved(alice)["id"]), ids.new()

    def end(db: Database, user_id: UUID) -> object:
        if act == "finish":
            return analyses.finish(db, analysis_id, Outcome(dict(RESULT)), user_id=user_id)
        return analyses.forget_of_session(db, session_id, user_id=user_id)

    with transaction(engine, user_id=alice.id) as db:
        db.execute(WAITING, {"analysis_id": analysis_id, "user_id": alice.id, "session_id": session_id})
    with ThreadPoolExecutor(1) as pool, transaction(engine, user_id=alice.id) as db:
        db.execute(text("SELECT id FROM sessions WHERE id = :id FOR UPDATE"), {"id": session_id})
        ended = pool.submit(done, engine, alice.id, end)
        assert waits(db, ended)
        db.execute(text("SELECT id FROM analyses WHERE id = :id FOR UPDATE NOWAIT"), {"id": analysis_id})

    assert ended.result() is None
    engine.dispose()
