"""Signing keys are exchanged while people are signed in, and nobody notices."""

import time
from collections.abc import Iterator

import httpx2
import jwt
import pytest
from sqlalchemy import Engine, text

from services.auth import keys
from services.auth.settings import Settings
from shared import db, identity
from tests import errands, people
from tests.people import Person
from tests.stack import Stack

EVERYWHERE_SECONDS = 5
DOORS = {"auth": "/api/user/profile", "media": "/files", "sessions": "/api/sessions"}


def command(stack: Stack, *words: str) -> errands.Done:
    """What `make keys` runs."""
    return errands.run(stack, "services.auth.signing_keys", *words)


@pytest.fixture
def system(stack: Stack) -> Iterator[Engine]:
    engine = stack.engine("auth-worker")
    yield engine
    engine.dispose()


@pytest.fixture
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in errands.worker(stack, "auth").items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def published(person: Person) -> set[str]:
    return {key["kid"] for key in person.get("/.well-known/jwks.json").json()["keys"]}


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def opened(stack: Stack, token: str) -> dict[str, int]:
    """What each service answers to a token, asked past the gateway."""
    headers = {"Authorization": f"Bearer {token}"}
    return {name: httpx2.get(stack.service_url(name) + path, headers=headers).status_code for name, path in DOORS.items()}


def wait(what: object, seconds: float = EVERYWHERE_SECONDS) -> float:
    assert callable(what)
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < seconds, "not in time"
        time.sleep(0.05)
    return time.monotonic() - started


def long_ago(engine: Engine, state: str) -> None:
    """As if the keys of this state had been in it for a day, since no test waits for one."""
    with db.transaction(engine) as session:
        back = text("UPDATE signing_keys SET state_since = state_since - interval '1 day' WHERE state = :state")
        session.execute(back, {"state": state})


def move(engine: Engine, settings: Settings) -> list[str]:
    with db.transaction(engine) as session:
        return keys.move(session, settings)


@pytest.mark.nightly
def test_a_key_is_published_signs_is_retired_and_goes(stack: Stack, alice: Person, system: Engine, settings: Settings) -> None:
    """SECURITY 30, P6. The worker takes the same steps by itself, each in the minute when its time has come."""
    old = kid(alice.token)
    first = alice.token

    assert command(stack, "rotate").returncode == 0
    assert "under way already" in command(stack, "rotate").stdout
    following = (published(alice) - {old}).pop()
    people.sign_in(alice)
    assert kid(alice.token) == old and move(system, settings) == []  # known for a while before it signs

    time.sleep(identity.POLL_SECONDS + 1)
    long_ago(system, "next")
    assert move(system, settings) == [f"{following} signs"] and move(system, settings) == []
    wait(lambda: people.sign_in(alice) or kid(alice.token) == following, keys.FRESH_SECONDS + 2)
    assert opened(stack, first) == opened(stack, alice.token) == dict.fromkeys(DOORS, 200)
    shown = command(stack).stdout
    assert f"{old} retired" in " ".join(shown.split()) and f"{following} active" in " ".join(shown.split())

    long_ago(system, "retired")
    assert move(system, settings) == [f"{old} is gone"]
    assert published(alice) == {following}
    wait(lambda: opened(stack, first) == dict.fromkeys(DOORS, 401))  # also where it had been verified before
    assert opened(stack, alice.token) == dict.fromkeys(DOORS, 200)


def test_two_workers_take_a_step_once(stack: Stack, system: Engine, settings: Settings) -> None:
    command(stack, "rotate")
    time.sleep(identity.POLL_SECONDS + 1)  # every service has heard of it, as it has of one that was published ahead
    long_ago(system, "next")
    other = stack.engine("auth-worker")
    with db.transaction(system) as session:
        assert len(keys.move(session, settings)) == 1
        with db.transaction(other) as late:
            late.execute(text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(Exception, match="lock timeout"):
                keys.move(late, settings)
    other.dispose()

    assert move(system, settings) == []


def test_what_the_command_does_not_know_changes_nothing(stack: Stack, nobody: Person) -> None:
    before = published(nobody)

    refused = command(stack, "everything")

    assert refused.returncode == 1 and "There is no everything" in refused.stderr
    assert published(nobody) == before


def test_the_web_process_may_not_change_keys(stack: Stack) -> None:
    engine = stack.engine("auth")
    with pytest.raises(Exception, match="row-level security"), db.transaction(engine) as session:
        session.execute(
            text("INSERT INTO signing_keys (kid, state, public_jwk, private_key) VALUES ('mine', 'next', '{}', '')")
        )
    engine.dispose()
