"""Analyses whose worker dies, or dies of them; and those that nobody asks for any more."""

import os
import signal
import subprocess
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from services.sessions.tasks import analysing
from shared import clock
from shared.idempotency import NOBODY
from tests.people import Person
from tests.sessions.performances import tunes
from tests.sessions.performances.test_analyses import ended, practised
from tests.stack import Stack

MINUTES = 10  # of sound: the child is at it for three seconds, if it has a core
ROW = text(
    """
    INSERT INTO analyses (id, user_id, state, progress, asked, result, created_at, finished_at)
    VALUES (:id, :user_id, :state, 0, '{}', NULL, :created_at, :finished_at)
    """
)


def long_practice(person: Person) -> str:
    """An analysis that takes a while."""
    notes = [*tunes.NOTES] * (MINUTES * 120 // len(tunes.NOTES))
    return practised(person, tunes.played(notes, bpm=120), xml_content=tunes.score(notes, bpm=120))


def until_it_listens(person: Person, address: str) -> None:
    deadline = time.monotonic() + 60
    while (found := person.get(address).json())["step"] != "listening":
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def listening(stack: Stack) -> int:
    """How many children of the worker's nursery are at work."""
    lines = subprocess.check_output(["ps", "-eo", "pid,ppid,args"], text=True).splitlines()[1:]
    parents = {int(pid): (int(parent), command) for pid, parent, command in (line.split(None, 2) for line in lines)}
    worker = stack.processes()["sessions-worker"]["pid"]
    nurseries = {pid for pid, (parent, command) in parents.items() if parent == worker and "shared.nursery" in command}
    return sum(parent in nurseries for parent, _ in parents.values())


def kill_the_worker(stack: Stack, person: Person, address: str) -> None:
    """Once its child listens; `kill -9`, with all that it started."""
    until_it_listens(person, address)
    os.killpg(os.getpgid(stack.processes()["sessions-worker"]["pid"]), signal.SIGKILL)
    time.sleep(3)  # until another one runs, and the row is not that of the dead one any more


@pytest.mark.nightly
def test_an_analysis_whose_worker_is_killed_is_made_by_the_next(stack: Stack, alice: Person) -> None:
    address = long_practice(alice)

    alice.post(address)
    kill_the_worker(stack, alice, address)
    found = ended(alice, address, seconds=240)

    assert (found["state"], found["result"]["score_accuracy"]) == ("done", 100)


@pytest.mark.nightly
def test_an_analysis_that_three_workers_died_of_is_given_up_and_nobody_waits_for_it(stack: Stack, alice: Person) -> None:
    address, other = long_practice(alice), practised(alice, tunes.played())
    engine = stack.engine("sessions-worker")

    alice.post(address)
    alice.post(other)
    with engine.begin() as connection:  # two have died of it before
        connection.execute(text("UPDATE analyses SET attempts = 2 WHERE id = :id"), {"id": alice.get(address).json()["id"]})
    kill_the_worker(stack, alice, address)
    found = ended(alice, address, seconds=240)

    engine.dispose()
    assert (found["state"], found["failure"]["code"]) == ("failed", "analysis_gave_up")
    assert ended(alice, other, seconds=30)["result"]["score_accuracy"] == 100


@pytest.mark.nightly
def test_who_asks_and_forgets_again_and_again_has_one_child_at_most(stack: Stack, alice: Person) -> None:
    address, most = long_practice(alice), 0

    for _ in range(3):
        alice.post(address)
        until_it_listens(alice, address)
        most = max(most, listening(stack))
        alice.delete(address)
    deadline = time.monotonic() + 5
    while listening(stack):
        assert time.monotonic() < deadline

    assert most == 1


def test_what_no_job_takes_up_is_given_up_and_what_nobody_asks_for_is_dropped(stack: Stack, alice: Person) -> None:
    engine, now = stack.engine("sessions-worker"), clock.now()
    assert alice.id
    orphan = row(alice.id, "working", now)
    read_once = row(alice.id, "done", now - timedelta(hours=23), finished_at=now)
    old = row(alice.id, "done", now - timedelta(hours=25), finished_at=now)
    nobodys, nobodys_old = (row(NOBODY, "done", now, finished_at=now - timedelta(minutes=each)) for each in (9, 11))
    with engine.begin() as connection:
        connection.execute(ROW, [orphan, read_once, old, nobodys, nobodys_old])

    analysing.tidy_analyses.run(SimpleNamespace(engine=engine))

    with engine.begin() as connection:
        ids = [each["id"] for each in (orphan, read_once, old, nobodys, nobodys_old)]
        kept = connection.execute(text("SELECT id, state FROM analyses WHERE id = ANY(:ids)"), {"ids": ids}).all()
        connection.execute(text("DELETE FROM analyses WHERE id = ANY(:ids)"), {"ids": ids})
    engine.dispose()
    assert {each.id: each.state for each in kept} == {orphan["id"]: "failed", read_once["id"]: "done", nobodys["id"]: "done"}


def row(user_id: uuid.UUID, state: str, created_at: Any, finished_at: Any = None) -> dict[str, Any]:
    facts = {"state": state, "created_at": created_at, "finished_at": finished_at}
    return {"id": uuid.uuid4(), "user_id": user_id, **facts}
