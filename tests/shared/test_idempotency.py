"""A key whose request was killed, or could not give it back, is free again soon; one that is being worked on is not."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine

from shared import clock, db, idempotency, ids
from shared.idempotency import HELD, Answer, Claim, KeyLost, StillInProgress
from tests.stack import Stack

ANSWER = Answer(201, b"made", {}, b"fingerprint")


@pytest.fixture
def engine(inn: Stack) -> Iterator[Engine]:
    made = inn.engine("guestbook")
    yield made
    made.dispose()


@pytest.fixture
def alice() -> UUID:
    return ids.new()


def claim(engine: Engine, wanted: Claim) -> Answer | None:
    with db.transaction(engine, user_id=wanted.user_id) as session:
        return idempotency.claim(session, wanted)


def fulfil(engine: Engine, held: Claim) -> None:
    with db.transaction(engine, user_id=held.user_id) as session:
        idempotency.fulfil(session, held, ANSWER)


def test_a_request_that_died_holds_its_key_for_half_a_minute(engine: Engine, alice: UUID) -> None:
    died, again = (Claim(alice, "POST /entries", "k") for _ in range(2))
    assert claim(engine, died) is None

    with pytest.raises(StillInProgress):
        claim(engine, again)
    with clock.held(clock.now() + HELD + timedelta(seconds=1)):
        assert claim(engine, again) is None
    fulfil(engine, again)

    kept = claim(engine, Claim(alice, "POST /entries", "k"))
    assert kept is not None and kept.body == b"made"


def test_a_request_that_was_overtaken_makes_nothing_true(engine: Engine, alice: UUID) -> None:
    slow, second = (Claim(alice, "POST /entries", "k") for _ in range(2))
    claim(engine, slow)
    with clock.held(clock.now() + HELD + timedelta(seconds=1)):
        claim(engine, second)

    with pytest.raises(KeyLost):
        fulfil(engine, slow)
    with db.transaction(engine, user_id=alice) as session:
        idempotency.release(session, slow)  # it gives back what is not its own: nothing happens
    fulfil(engine, second)


def test_a_slow_request_keeps_its_key(engine: Engine, alice: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "RENEWED_SECONDS", 0.05)
    monkeypatch.setattr(idempotency, "HELD", timedelta(seconds=0.5))
    slow = Claim(alice, "POST /entries", "k")
    claim(engine, slow)

    with idempotency.holding(engine, slow):
        for _ in range(10):
            threading.Event().wait(0.1)
            with pytest.raises(StillInProgress):
                claim(engine, Claim(alice, "POST /entries", "k"))
    fulfil(engine, slow)


def test_of_twenty_who_find_a_free_key_one_gets_it(engine: Engine, alice: UUID) -> None:
    claim(engine, Claim(alice, "POST /entries", "k"))

    def tries(_: int) -> bool:
        try:
            return claim(engine, Claim(alice, "POST /entries", "k")) is None
        except StillInProgress:
            return False

    with clock.held(clock.now() + HELD + timedelta(seconds=1)), ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tries, range(20))) == 1
