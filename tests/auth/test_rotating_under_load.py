"""Keys are exchanged, auth is restarted and goes away, while people read and refresh: nobody is signed out (P6)."""

import itertools
import os
import secrets
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from shared import db, identity, json
from shared.identity import KeySet
from tests import people
from tests.auth.test_rotating import DOORS, command, kid, published, wait
from tests.people import Person
from tests.stack import Stack

pytestmark = pytest.mark.nightly

READERS, READS_PER_SECOND = 4, 50  # each: 200 a second in all
PATIENCE_SECONDS = 10  # of a client that is told to come back
Figures = Callable[[str], None]


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Tutti of its own, which has time for a rotation in the life of a test, and no limit below this load."""
    room = {"KEY_PUBLISHED_AHEAD_SECONDS": "10", "RATE_LIMITS": "false", "GATEWAY_RATE_LIMIT_PER_SECOND": "0"}
    running = Stack(tmp_path_factory.mktemp("rotating"), **room).start()
    yield running
    running.stop()


@dataclass
class Load:
    """Readers of every service with the newest access token, and a client that refreshes it all the time."""

    stack: Stack
    person: Person
    answers: Counter[int] = field(default_factory=Counter)
    refreshes: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    kids: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self.began = time.monotonic()
        self._threads = [threading.Thread(target=self._read, args=(number,)) for number in range(READERS)]
        self._threads.append(threading.Thread(target=self._refresh))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self.began

    def _read(self, number: int) -> None:
        doors = itertools.cycle(list(DOORS.values())[number % len(DOORS) :] + list(DOORS.values())[: number % len(DOORS)])
        with httpx2.Client(base_url=self.stack.url, trust_env=False) as http:
            for turn in itertools.count():
                self._over.wait(max(0.0, self.began + turn / READS_PER_SECOND - time.monotonic()))
                if self._over.is_set():
                    return
                answer = http.get(next(doors), headers={"Authorization": f"Bearer {self.person.token}"})
                self.answers[answer.status_code] += 1
                self.took.append(answer.elapsed.total_seconds())

    def _refresh(self) -> None:
        while not self._over.wait(0.2):
            tokens = self._refreshed()
            if tokens is None:
                self.failed.append(self.person.refresh_token)
                return
            self.person.refresh_token = tokens["refresh_token"]
            self.person.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            self.kids.add(kid(tokens["access_token"]))

    def _refreshed(self) -> dict[str, str] | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self.person.post("/api/auth/refresh", {"refresh_token": self.person.refresh_token})
            except httpx2.TransportError:
                self.refreshes[0] += 1
                continue
            self.refreshes[answer.status_code] += 1
            if answer.status_code == 200:
                tokens: dict[str, str] = answer.json()
                return tokens
            if answer.status_code < 500:
                return None
            time.sleep(0.1)
        return None

    def said(self) -> str:
        read, p99 = self.answers.total(), statistics.quantiles(self.took, n=100)[98] * 1000
        again = self.refreshes.total() - self.refreshes[200]
        return (
            f"{read / self.seconds:.0f} reads/s for {self.seconds:.0f} s: {self.answers[401]} x 401, "
            f"{read - self.answers[200] - self.answers[401]} other failures, p99 {p99:.0f} ms; "
            f"{self.refreshes[200]} refreshes, {len(self.failed)} failed, {again} repeated by the client"
        )


@pytest.fixture
def load(own_stack: Stack) -> Load:
    return Load(own_stack, people.sign_up(own_stack.url, "ada"))


def as_if_a_day_ago(stack: Stack, state: str) -> None:
    engine = stack.engine("auth-worker")
    with db.transaction(engine) as session:
        back = text("UPDATE signing_keys SET state_since = state_since - interval '1 day' WHERE state = :state")
        session.execute(back, {"state": state})
    engine.dispose()


def test_a_rotation_under_load_signs_nobody_out(own_stack: Stack, load: Load, nobody_at: Person, figures: Figures) -> None:
    """The worker takes every step by itself; that the last token has expired is brought forward."""
    old = kid(load.person.token)
    with load:
        assert command(own_stack, "rotate").returncode == 0
        (following,) = published(nobody_at) - {old}
        wait(lambda: kid(load.person.token) == following, 90)
        time.sleep(5)
        as_if_a_day_ago(own_stack, "retired")
        wait(lambda: published(nobody_at) == {following}, 90)
        time.sleep(5)

    figures(f"P6: next -> active -> retired -> gone under load: {load.said()}")
    assert load.kids == {old, following} and not load.failed
    assert load.answers[401] == load.refreshes[401] == 0 and set(load.answers) == {200}


def test_a_restart_of_auth_under_load_signs_nobody_out(own_stack: Stack, load: Load, figures: Figures) -> None:
    """SIGTERM thrice: what is told to come back comes back with the same token, and gets the same answer."""
    with load:
        for _ in range(3):
            pid = own_stack.processes()["auth"]["pid"]
            os.kill(pid, signal.SIGTERM)
            wait(lambda pid=pid: own_stack.processes()["auth"]["pid"] != pid, 30)
            own_stack.wait_until_healthy(30)
            time.sleep(3)

    figures(f"P6: auth restarted 3 times under load: {load.said()}")
    assert load.answers[401] == load.refreshes[401] == 0 and not load.failed


def test_services_know_their_people_while_auth_is_away(own_stack: Stack, load: Load, figures: Figures) -> None:
    doors = {name: own_stack.service_url(name) + path for name, path in DOORS.items() if name != "auth"}
    bearer = {"Authorization": f"Bearer {load.person.token}"}
    assert {httpx2.get(door, headers=bearer).status_code for door in doors.values()} == {200}
    pid, answers = own_stack.processes()["auth"]["pid"], Counter[int]()
    os.killpg(os.getpgid(pid), signal.SIGSTOP)
    try:
        ends_at = time.monotonic() + 30
        while time.monotonic() < ends_at:
            answers.update(httpx2.get(door, headers=bearer).status_code for door in doors.values())
    finally:
        os.killpg(os.getpgid(pid), signal.SIGCONT)

    own_stack.wait_until_healthy(30)
    figures(f"P6: auth stopped for 30 s: {answers.total()} reads of other services, {answers[401]} x 401")
    assert set(answers) == {200}


def test_a_thousand_unknown_keys_cause_one_fetch(figures: Figures) -> None:
    """SECURITY 22, 31."""
    fetched: list[float] = []
    key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()).encode())

    def fetch() -> dict[str, object]:
        fetched.append(time.monotonic())
        return {"keys": [{**key, "kid": "known"}]}

    known = KeySet(fetch)
    known.refresh()
    known._tried_at -= identity.REFETCH_SECONDS + 1  # half a minute later
    before = len(fetched)
    threads = [threading.Thread(target=lambda: [known.find(secrets.token_urlsafe(8)) for _ in range(125)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    figures(f"P6: 1,000 unknown key ids at once: {len(fetched) - before} fetch in 30 s (at most 1)")
    assert len(fetched) - before == 1


def test_a_withdrawn_key_counts_nowhere_within_seconds(own_stack: Stack, load: Load, figures: Figures) -> None:
    """`make keys NOW=1`: tokens of the stolen key are refused, whoever made them; a refresh goes on."""
    stolen, doors = load.person.token, {name: own_stack.service_url(name) + path for name, path in DOORS.items()}
    bearer = {"Authorization": f"Bearer {stolen}"}
    assert {httpx2.get(door, headers=bearer).status_code for door in doors.values()} == {200}

    assert command(own_stack, "now").returncode == 0

    gone = wait(lambda: {httpx2.get(door, headers=bearer).status_code for door in doors.values()} == {401})
    fresh = load.person.post("/api/auth/refresh", {"refresh_token": load.person.refresh_token}).json()["access_token"]
    bearer = {"Authorization": f"Bearer {fresh}"}
    back = wait(lambda: {httpx2.get(door, headers=bearer).status_code for door in doors.values()} == {200})
    figures(f"a withdrawn key: refused everywhere after {gone:.1f} s, fresh tokens taken everywhere {back:.1f} s later")


@pytest.fixture
def nobody_at(own_stack: Stack) -> Iterator[Person]:
    person = people.nobody(own_stack.url)
    yield person
    person.http.close()
