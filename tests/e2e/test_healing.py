"""Whatever dies comes back, holds no port, and takes nothing with it that was acknowledged."""

import os
import signal
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from shared import ids, services
from tests import people
from tests.people import Person
from tests.stack import ROOT, Stack

pytestmark = pytest.mark.nightly

HEAL_SECONDS = 15
PIECE = ROOT / "tests" / "media" / "minuet.flac"


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> object:
    running = Stack(tmp_path_factory.mktemp("healing")).start()
    yield running
    running.stop()


def victims() -> list[str]:
    names = ["postgres", "store", "gateway"]
    for name in services.names():
        names += [name, f"{name}:server", f"{name}-worker"]
    return names


@pytest.mark.parametrize("victim", victims())
def test_a_killed_process_heals_within_15_seconds_and_loses_nothing(own_stack: Stack, victim: str) -> None:
    ada = people.sign_up(own_stack.url, "ada")
    file_id, session_id = keep_something(ada)
    process, _, part = victim.partition(":")
    pid = pid_of(own_stack, process, part)
    port = own_stack.processes()[process].get("port")
    started = time.monotonic()
    os.kill(pid, signal.SIGKILL)

    while not is_whole(ada, file_id, session_id):
        assert time.monotonic() - started < HEAL_SECONDS, f"{victim} did not heal"
        time.sleep(0.1)
    print(f"\n{victim}: whole again after {time.monotonic() - started:.1f} s")
    if part != "server":
        while own_stack.processes()[process]["pid"] == pid or not psutil.pid_exists(own_stack.processes()[process]["pid"]):
            assert time.monotonic() - started < HEAL_SECONDS, f"{victim} was not started again"
            time.sleep(0.1)
    if port and process in services.names():
        assert listeners(port) == 1, f"an orphan holds the port of {victim}"
    new_file, new_session = keep_something(ada)
    assert is_whole(ada, new_file, new_session)


def test_a_killed_supervisor_leaves_nothing_behind_and_starts_again(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home").start()
    ada = people.sign_up(stack.url, "ada")
    file_id, session_id = keep_something(ada)
    pids = [each["pid"] for each in stack.processes().values()]
    stack.kill()
    stack.start()
    try:
        stack.wait_until_healthy()
        assert is_whole(ada, file_id, session_id)
        assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)
    finally:
        stack.stop()


def keep_something(person: Person) -> tuple[str, str]:
    """An upload and a practice session that were acknowledged; tried again as an app would, each under one key."""
    audio = PIECE.read_bytes()
    first, second = ({"Idempotency-Key": str(ids.new())} for _ in range(2))
    uploaded = retried(
        lambda: person.post("/files/upload", files={"file": ("minuet.flac", audio, "audio/flac")}, headers=first)
    )
    session = {"songName": "Minuet", "instrument": "Piano", "duration": 60, "xmlContent": "", "analysis": "", "audioBase64": ""}
    saved = retried(lambda: person.post("/api/sessions", session, headers=second))
    return uploaded.json()[0]["id"], saved.json()["id"]


def retried(send: object) -> httpx2.Response:
    deadline = time.monotonic() + HEAL_SECONDS
    while True:
        try:
            answer: httpx2.Response = send()  # type: ignore[operator]
            if answer.status_code == 201:
                return answer
            last = answer.text
        except httpx2.TransportError as reason:
            last = repr(reason)
        assert time.monotonic() < deadline, last
        time.sleep(0.2)


def is_whole(person: Person, file_id: str, session_id: str) -> bool:
    try:
        streamed = person.get(f"/files/{file_id}/stream")
        session = person.get(f"/api/sessions/{session_id}")
        profile = person.get("/api/user/profile")
    except httpx2.TransportError:
        return False
    return streamed.status_code == session.status_code == profile.status_code == 200 and streamed.content == PIECE.read_bytes()


def pid_of(stack: Stack, process: str, part: str) -> int:
    pid: int = stack.processes()[process]["pid"]
    if part != "server":
        return pid
    children = psutil.Process(pid).children(recursive=True)
    return next(child.pid for child in children if "resource_tracker" not in " ".join(child.cmdline()))


def listeners(port: int) -> int:
    """How many processes listen on a port, with the main process and its server counted as one."""
    groups = set()
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            groups.add(os.getpgid(connection.pid))
    return len(groups)
