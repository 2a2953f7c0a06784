"""Whatever a child does, the supervisor goes on: it starts it again, says so, and watches the others."""

import asyncio
import itertools
import os
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.logs import Logs
from deploy.processes import Process, Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
WATCHED_SECONDS = 3.6  # a death at once, one after 1 s and one after 2 s more
PATIENCE_SECONDS = 3
ENVIRONMENT = {"PATH": os.defpath}


class Spoken(Logs):
    """Logs that remember what was said about each process, and when."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lines: list[tuple[float, str]] = []
        self.left_open = 0

    def write(self, name: str, line: str) -> None:
        self.lines.append((time.monotonic(), line))
        super().write(name, line)

    def about(self, name: str) -> list[tuple[float, str]]:
        return [(at, line) for at, line in self.lines if line.startswith(f"{name} ")]


def supervised(folder: Path, act: Callable[[Supervisor], Awaitable[None]]) -> Spoken:
    """Let `act` use a supervisor; everything it started is ended afterwards."""
    logs = Spoken(folder)

    async def run() -> None:
        supervisor = Supervisor(logs, lambda processes: None)
        try:
            await act(supervisor)
        finally:
            await supervisor.stop([process.name for process in supervisor.processes])

    asyncio.run(run())
    return logs


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """One that dies, one whose program is missing, one that cannot be healed, and one that is killed once, side by side."""
    before = open_descriptors()

    async def act(supervisor: Supervisor) -> None:
        async def refuse() -> None:
            raise ValueError("no cure")

        steady = Process("steady", SLEEP, ENVIRONMENT, stop_seconds=2)
        for process in (
            Process("dying", ["false"], ENVIRONMENT),
            Process("missing", ["/nowhere/program"], ENVIRONMENT),
            Process("ill", SLEEP, ENVIRONMENT, heal=refuse),
            steady,
        ):
            await supervisor.start(process)
        await asyncio.sleep(WATCHED_SECONDS / 2)
        assert steady.child
        first = steady.child.pid
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(WATCHED_SECONDS / 2)
        assert steady.running and steady.child.pid != first

    logs = supervised(tmp_path_factory.mktemp("logs"), act)
    logs.left_open = open_descriptors() - before - len(list(logs._folder.iterdir()))
    return logs


def test_a_child_that_dies_is_started_again_at_once_then_after_one_and_two_seconds(evening: Spoken) -> None:
    said = evening.about("dying")

    assert [line for _, line in said] == [
        "dying ended (exit status 1); again now",
        "dying ended (exit status 1); again in 1 s",
        "dying ended (exit status 1); again in 2 s",
        "dying ended (exit status 1); again in 4 s",
    ]
    times = [at for at, _ in said]
    assert [round(after - before) for before, after in itertools.pairwise(times)] == [0, 1, 2]


@pytest.mark.parametrize(("name", "reason"), [("missing", "No such file or directory"), ("ill", "no cure")])
def test_a_child_that_cannot_be_started_is_tried_again_and_named(evening: Spoken, name: str, reason: str) -> None:
    said = [line for _, line in evening.about(name)]

    assert all(f"{name} did not start: " in line and reason in line for line in said)
    assert [line.partition("; ")[2] for line in said] == ["again now", "again in 1 s", "again in 2 s", "again in 4 s"]


def test_the_others_are_watched_meanwhile(evening: Spoken) -> None:
    assert [line for _, line in evening.about("steady")] == ["steady ended (killed by SIGKILL); again now"]


def test_failed_starts_leave_no_descriptor_open(evening: Spoken) -> None:
    assert evening.left_open == 0


def test_a_program_that_disappears_and_comes_back_runs_again(tmp_path: Path) -> None:
    program, away = tmp_path / "program", tmp_path / "away"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)  # no script: a shell would still have to open it

    async def act(supervisor: Supervisor) -> None:
        process = Process("replaced", [str(program), "60"], ENVIRONMENT, stop_seconds=2)
        await supervisor.start(process)
        program.rename(away)
        assert process.child
        process.child.kill()
        await asyncio.sleep(0.3)
        assert not process.running
        away.rename(program)
        async with asyncio.timeout(3):
            while not process.running:
                await asyncio.sleep(0.02)

    logs = supervised(tmp_path / "logs", act)

    said = [line for _, line in logs.about("replaced")]
    assert said[0] == "replaced ended (killed by SIGKILL); again now"
    assert said[1].startswith("replaced did not start: ") and said[1].endswith("again in 1 s")


def test_a_full_disk_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    async def act(supervisor: Supervisor) -> None:
        process = Process("speaking", [sys.executable, "-c", "print(('x' * 999 + '\\n') * 2_000)"], ENVIRONMENT)
        async with asyncio.timeout(5):
            assert await supervisor.run(process) == 0  # a reader that died would leave it waiting at a full pipe

    (tmp_path / "speaking.log").symlink_to("/dev/full")
    supervised(tmp_path, act)


def test_the_end_of_a_child_takes_its_own_children_along(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid}; exit 3"

    async def act(supervisor: Supervisor) -> None:
        assert await supervisor.run(Process("parent", ["sh", "-c", script], ENVIRONMENT)) == 3

    supervised(tmp_path / "logs", act)

    status = Path(f"/proc/{pid.read_text().strip()}/stat")
    deadline = time.monotonic() + PATIENCE_SECONDS  # it is told to end at once, and gone as soon as the machine has a moment
    while status.exists() and status.read_text().rpartition(") ")[2][0] not in "ZX":
        assert time.monotonic() < deadline
        time.sleep(0.01)
