"""One running Tutti for the whole suite, and fresh people for each test."""

import os
import secrets
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from shared.limits import PostgresStorage
from tests import people
from tests.people import Person
from tests.stack import Stack

_figures = pytest.StashKey[list[str]]()
MARK = "TUTTI_TEST_RUN"  # in the environment of everything that this run starts
# Everybody in a run has the same address, but for those who are to run into a limit.
ROOM = {
    "REGISTRATIONS_PER_ADDRESS": "100000",
    "POSTS_PER_ADDRESS_PER_MINUTE": "10000",
    "MAILS_PER_ADDRESS_PER_HOUR": "10000",
}
_shared: list[Stack] = []
INVITED_SECONDS = 10
LINGER_SECONDS = 5  # how long a process that was told to end may take


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """The run fails where a process that it started is still alive at its end."""
    os.environ[MARK] = secrets.token_hex(8)
    yield
    deadline = time.monotonic() + LINGER_SECONDS
    while (left := started_by(os.environ[MARK])) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, f"still alive: {left}"


def started_by(run: str) -> list[str]:
    """The processes of a run, as command lines, but for this one."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get(MARK) == run and process.status() != psutil.STATUS_ZOMBIE
            if is_ours and process.pid != os.getpid():
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("tutti"), **ROOM).start()
    deadline = time.monotonic() + INVITED_SECONDS
    while '"token"' not in running.output.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)  # the first administrator is invited before any test makes one
    _shared.append(running)
    yield running
    _shared.clear()
    running.stop()


@pytest.fixture(scope="module", autouse=True)
def counts_begin_anew() -> None:
    """What people of one module did, wrong passwords above all, does not count against those of the next."""
    for running in _shared:
        engine = running.engine("auth")
        PostgresStorage(engine).reset()
        engine.dispose()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell what was measured: `figures("P1: 20 of 20 rounds ...")` is printed at the end of the run."""
    return request.config.stash.setdefault(_figures, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures."""
    if told := config.stash.get(_figures, []):
        terminalreporter.section("figures")
        for line in told:
            terminalreporter.write_line(line)


@pytest.fixture
def alice(stack: Stack) -> Iterator[Person]:
    person = people.sign_up(stack.url, "alice")
    yield person
    person.http.close()


@pytest.fixture
def bob(stack: Stack) -> Iterator[Person]:
    person = people.sign_up(stack.url, "bob")
    yield person
    person.http.close()


@pytest.fixture
def nobody(stack: Stack) -> Iterator[Person]:
    person = people.nobody(stack.url)
    yield person
    person.http.close()
