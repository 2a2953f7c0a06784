"""One running Tutti for the whole suite, and fresh people for each test."""

import os
import secrets
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from shared.limits import PostgresStorage
from tests import people, throwaway
from tests.auth import outside
from tests.auth.outside import Others
from tests.issuer import Elsewhere
from tests.people import Newcomers, Person
from tests.stack import Stack

_figures = pytest.StashKey[list[str]]()
MARK = "TUTTI_TEST_RUN"  # in the environment of everything that this run starts
# Everybody in a run has the same address, but for those who are to run into a limit.
ROOM = {
    "REGISTRATIONS_PER_ADDRESS": "100000",
    "POSTS_PER_ADDRESS_PER_MINUTE": "10000",
    "MAILS_PER_ADDRESS_PER_HOUR": "10000",
}
AHEAD = ("careful_stack", "elsewhere", "inn")  # as they are needed; one starts while others are tested already
_shared: list[Stack] = []
_all: list[Stack] = []
INVITED_SECONDS = 10
APP = "https://app.example.com/welcome"
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


def kept_up(running: Stack) -> Iterator[Stack]:
    """Let a stack of the whole run begin; at its end they all stop at once."""
    _all.append(running.begin())
    yield running
    for each in _all:
        each.tell_to_stop()
    running.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Tutti as it comes."""
    keeping_up = kept_up(Stack(tmp_path_factory.mktemp("tutti"), **ROOM))
    running = next(keeping_up).wait()
    deadline = time.monotonic() + INVITED_SECONDS
    while '"token"' not in running.output.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)  # the first administrator is invited before any test makes one
    _shared.append(running)
    yield running
    _shared.clear()
    next(keeping_up, None)


@pytest.fixture(scope="session")
def careful_stack_begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    google = {"GOOGLE_CLIENT_ID": "a-client-of-google", "GOOGLE_CLIENT_SECRET": "a-secret-of-google"}
    settings = {"EMAIL_CONFIRMATION_REQUIRED": "true", "APP_URLS": f"{APP},{APP}?from=tutti", **google, **ROOM}
    yield from kept_up(Stack(tmp_path_factory.mktemp("careful"), **settings))


@pytest.fixture(scope="session")
def careful_stack(careful_stack_begun: Stack) -> Stack:
    """A Tutti as a careful operator sets it: addresses are confirmed before anybody signs in, one app, and Google is there."""
    return careful_stack_begun.wait()


@pytest.fixture(scope="session")
def inn_begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    root = throwaway.make(tmp_path_factory.mktemp("tree"))
    settings = {"API_RATE_LIMIT_PER_MINUTE": "5", "TRUSTED_PROXIES": "127.0.0.1"}
    yield from kept_up(Stack(tmp_path_factory.mktemp("inn"), root=root, **settings))


@pytest.fixture(scope="session")
def inn(inn_begun: Stack) -> Stack:
    """A Tutti with the throwaway guestbook in it, behind a proxy of ours."""
    return inn_begun.wait()


@pytest.fixture(scope="session")
def providers() -> Iterator[Others]:
    with outside.opened() as running:
        yield running


@pytest.fixture(scope="session")
def elsewhere_begun(providers: Others, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    settings = {"ANALYZE_WITHOUT_SIGN_IN": "true", **providers.settings, **ROOM}
    begun = Elsewhere(tmp_path_factory.mktemp("elsewhere"), **settings)
    for _ in kept_up(begun.stack):
        yield begun
    begun.stop()


@pytest.fixture(scope="session")
def elsewhere(elsewhere_begun: Elsewhere) -> Elsewhere:
    """A Tutti where one signs in elsewhere, too: with Google, Apple and Facebook, and by the tokens of three issuers.

    To have a performance analysed, nobody needs to.
    """
    elsewhere_begun.stack.wait()
    return elsewhere_begun


@pytest.fixture(scope="module", autouse=True)
def counts_begin_anew() -> None:
    """What people of one module did, wrong passwords above all, does not count against those of the next."""
    for running in _shared:
        engine = running.engine("auth")
        PostgresStorage(engine).reset()
        engine.dispose()


@pytest.fixture(scope="session")
def needed_later(request: pytest.FixtureRequest) -> list[str]:
    """The stacks that this run needs besides the first one, and that have not begun."""
    asked_for = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    return [name for name in AHEAD if name in asked_for]


@pytest.fixture(scope="module", autouse=True)
def the_next_stack_begins(request: pytest.FixtureRequest, needed_later: list[str]) -> None:
    """One at a time, once the first is up: a machine with two cores starts one while it tests another."""
    if needed_later and _shared and all(each.is_ready for each in _all):
        request.getfixturevalue(f"{needed_later.pop(0)}_begun")


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


@pytest.fixture(scope="session")
def newcomers(stack: Stack) -> Iterator[Newcomers]:
    coming = Newcomers(stack.url)
    yield coming
    coming.leave()


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
