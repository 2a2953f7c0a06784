"""What was never saved leaves nothing behind: slow bodies, a dead store, a request that died between its two transactions."""

import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from services.sessions.tasks import sweeping
from shared import clock
from tests import people
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack

UNSAVED = text(
    """
    INSERT INTO sessions
        (id, user_id, song_name, piece, instrument, folded_instrument, duration_seconds, total_practice_seconds, time_zone,
         practised_on, state, created_at)
    VALUES (:id, :user_id, 'Minuet', 'minuet', 'Piano', 'piano', 1, 1, 'UTC', '2026-01-31', 'saving', :created_at)
    """
)


@contextmanager
def stopped(stack: Stack, process: str) -> Iterator[None]:
    """A process that hangs: it holds its port and answers nothing."""
    group = os.getpgid(stack.processes()[process]["pid"])
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def begun(stack: Stack, person: Person, *, declared_bytes: int) -> socket.socket:
    """A connection on which saving a session has begun: the head is sent, the body not."""
    host, port = stack.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    head = (
        f"POST {make.PATH} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {person.token}",
        f"Content-Length: {declared_bytes}",
    )
    connection.sendall("\r\n".join((*head, "", "")).encode())
    return connection


def test_a_session_that_was_never_saved_is_swept_and_was_never_seen(stack: Stack, alice: Person) -> None:
    engine = stack.engine("sessions-worker")
    old, young = uuid.uuid4(), uuid.uuid4()
    with engine.begin() as connection:
        for session_id, minutes in ((old, 21), (young, 1)):
            created_at = clock.now() - timedelta(minutes=minutes)
            connection.execute(UNSAVED, {"id": session_id, "user_id": alice.id, "created_at": created_at})

    sweeping.sweep.run(SimpleNamespace(engine=engine))

    with engine.connect() as connection:
        left = connection.scalars(text("SELECT id FROM sessions WHERE user_id = :id"), {"id": alice.id}).all()
    assert left == [young]
    assert alice.get(make.PATH).json() == []
    assert {alice.get(f"{make.PATH}/{each}").status_code for each in (old, young)} == {404}
    assert {alice.delete(f"{make.PATH}/{each}").status_code for each in (old, young)} == {404}


def test_recordings_and_scores_of_a_killed_process_are_swept(tmp_path: Path) -> None:
    left, in_use = tmp_path / "analysis-1", tmp_path / "score-2"
    for path in (left / "recording", left / "score", in_use / "sent"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    work = SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path))

    for path in (left / "recording", left / "score", left):  # the folder is as young as what was deleted of it last
        then = (clock.now() - timedelta(minutes=21)).timestamp()
        os.utime(path, (then, then))
        sweeping.sweep_folder.run(work)

    assert sorted(tmp_path.rglob("*")) == [in_use, in_use / "sent"]


def test_a_connection_that_ends_in_the_middle_leaves_nothing(stack: Stack, alice: Person) -> None:
    with begun(stack, alice, declared_bytes=5_000_000) as connection:
        connection.sendall(b'{"song_name": "' + b"x" * 2_000_000)

    time.sleep(0.5)
    assert alice.get(make.PATH).json() == []
    assert make.saved(alice)["id"]  # and her place among the arriving ones is free again
    assert make.saved(alice, note="x" * 2_000_000)["id"]


@pytest.mark.nightly
def test_a_body_that_trickles_is_ended_with_408(tmp_path_factory: pytest.TempPathFactory) -> None:
    impatient = Stack(tmp_path_factory.mktemp("impatient"), PATIENCE_SECONDS="2").start()
    try:
        alice = people.sign_up(impatient.url)
        with begun(impatient, alice, declared_bytes=5_000_000) as connection:
            connection.settimeout(0.2)
            started, answer = time.monotonic(), b""
            while not answer and time.monotonic() - started < 8:
                connection.sendall(b" ")  # the gateway passes an early answer on when it next hears of the client
                with suppress(TimeoutError):
                    answer = connection.recv(4096)

        assert answer.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started > 1.5
    finally:
        impatient.stop()


@pytest.mark.nightly
def test_while_the_store_hangs_nothing_is_saved_and_afterwards_the_same_key_works(stack: Stack, alice: Person) -> None:
    body, key = make.body(audioBase64=make.data_url(make.recording())), {"Idempotency-Key": "one"}

    with stopped(stack, "store"):
        refused = alice.post(make.PATH, body, headers=key, timeout=100)
        listed = alice.get(make.PATH).json()
    time.sleep(12)  # media's breaker closes again
    saved = alice.post(make.PATH, body, headers=key)

    assert (refused.status_code, listed) == (503, [])
    assert saved.status_code == 201
    assert [each["id"] for each in alice.get(make.PATH).json()] == [saved.json()["id"]]


@pytest.mark.nightly
def test_while_media_hangs_the_history_is_read_without_recordings(stack: Stack, alice: Person) -> None:
    saved = make.saved(alice, audioBase64=make.data_url(make.recording()))

    with stopped(stack, "media"):
        started = time.monotonic()
        listed = alice.get(make.PATH).json()
        took_seconds = time.monotonic() - started

    assert [(each["id"], each["audio_url"]) for each in listed] == [(saved["id"], None)]
    assert took_seconds < 6
    stack.wait_until_healthy()


@pytest.mark.nightly
def test_where_media_is_killed_while_a_recording_is_stored_the_save_is_done_once_or_not_at_all(
    stack: Stack, alice: Person
) -> None:
    content = make.recording(20)
    answers = []
    for number in range(4):
        body = make.body(song_name=f"Take {number}", audioBase64=make.data_url(content))
        with ThreadPoolExecutor(1) as pool:
            saving = pool.submit(alice.post, make.PATH, body, timeout=100)
            time.sleep(0.02 * number)
            os.kill(stack.processes()["media"]["pid"], signal.SIGKILL)
            first = saving.result()
        stack.wait_until_healthy()
        time.sleep(1)
        answers.append(first if first.status_code == 201 else alice.post(make.PATH, body))

    assert [answer.status_code for answer in answers] == [201] * 4
    listed = alice.get(make.PATH).json()
    assert {each["id"] for each in listed} == {answer.json()["id"] for answer in answers}
    assert all(alice.get(each["audio_url"]).content == content for each in listed)
