"""A job is true with its transaction, and is done even when its worker dies."""

import base64
import os
import signal
import time

import httpx2
import pytest
from sqlalchemy import Engine, text

from shared import db, identity, ids, json
from tests.people import Person
from tests.stack import Stack

RESCUE_SECONDS = 40  # heartbeat lost after 10, looked for every 5, restart of the worker, and a slow machine


def tally(system: Engine, words: str) -> int:
    with db.transaction(system) as work:
        return work.scalar(text("SELECT count FROM tallies WHERE words = :w"), {"w": words}) or 0


def wait_for(system: Engine, words: str, count: int = 1, seconds: float = 10) -> int:
    deadline = time.monotonic() + seconds
    while tally(system, words) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return tally(system, words)


def test_a_job_runs_soon_after_its_transaction(guest: Person, system: Engine) -> None:
    words = str(ids.new())
    assert guest.post("/guestbook/jobs", {"words": words}).status_code == 202

    assert wait_for(system, words) == 1


def test_a_job_of_a_transaction_that_failed_never_runs(guest: Person, system: Engine) -> None:
    never, later = str(ids.new()), str(ids.new())
    assert guest.post("/guestbook/jobs/never", {"words": never}).status_code == 500
    guest.post("/guestbook/jobs", {"words": later})

    assert wait_for(system, later) == 1
    assert tally(system, never) == 0


def test_an_event_delivered_twice_is_applied_once(inn: Stack, system: Engine) -> None:
    words, event_id = str(ids.new()), str(ids.new())
    event = {"event_id": event_id, "kind": "guest.arrived", "facts": {"words": words}}
    for _ in range(3):
        assert deliver(inn, event) == 202

    assert wait_for(system, words) == 1
    time.sleep(0.5)
    assert tally(system, words) == 1


def test_an_event_that_nobody_handles_is_kept_quietly(inn: Stack, system: Engine) -> None:
    event_id = str(ids.new())
    assert deliver(inn, {"event_id": event_id, "kind": "guest.vanished", "facts": {}}) == 202

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with db.transaction(system) as work:
            if work.scalar(text("SELECT kind FROM inbox WHERE event_id = :e"), {"e": event_id}) == "guest.vanished":
                return
        time.sleep(0.05)
    raise AssertionError("the event is not in the inbox")


@pytest.mark.nightly
def test_a_job_whose_worker_is_killed_is_done_by_the_next(inn: Stack, guest: Person, system: Engine) -> None:
    words = str(ids.new())
    guest.post("/guestbook/jobs", {"words": words, "seconds": 2})
    time.sleep(1)
    os.kill(inn.processes()["guestbook-worker"]["pid"], signal.SIGKILL)

    assert wait_for(system, words, seconds=RESCUE_SECONDS) == 1


def deliver(inn: Stack, event: dict[str, object]) -> int:
    """Send an event to the guestbook as media would."""
    keys = json.loads(inn.secret("media", "internal_keys").encode())
    token = identity.sign_internal(
        caller="media", audience="guestbook", key=base64.b64decode(keys["guestbook"]), user_id=None, session_id=None
    )
    url = f"{inn.service_url('guestbook')}/internal/events"
    return httpx2.post(url, json=event, headers={"Authorization": f"Bearer {token}"}).status_code
