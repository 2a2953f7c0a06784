"""Signing in through the gateway: almost all of it should be argon2."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from shared import json
from tests.load.client import Client
from tests.load.ground import Ground
from tests.load.rows import Row, in_turns
from tests.people import Person
from tests.stack import ROOT

CONCURRENCIES = (2, 4)
PEOPLE = 120  # so that nobody comes so often that each of their sign-ins has to end another (SIGN_INS_PER_USER)
SECONDS = 2  # of one measurement
ROUNDS = 3
BAR = 0.85
OTHERS = ("/.well-known/jwks.json", "/api/user/profile", "/api/auth/sessions")
OTHERS_P99_MS = 300  # SECURITY, P7


def measure(ground: Ground) -> Iterator[Row]:
    """People sign in one after the other, so many at once; the reference verifies as many passwords in a process of its own."""
    people = [ground.person(f"player-{number}") for number in range(PEOPLE)]
    for many in CONCURRENCIES:
        ours, other = in_turns(ROUNDS, lambda: _signed_in(ground.stack.url, people, many), lambda: _argon2(many))  # noqa: B023
        work = f"sign-in, {many} at once, against argon2 alone"
        yield Row(work, f"{ours:.1f}/s", f"{other:.1f}/s", ours / other, BAR, "at least")
    p99_ms = _others_meanwhile(ground, people)
    yield Row("other routes of auth under sign-ins, p99", f"{p99_ms:.0f} ms", "-", p99_ms, OTHERS_P99_MS, "at most", unit=" ms")


def _others_meanwhile(ground: Ground, people: Sequence[Person]) -> float:
    """How long auth's other routes take while these people sign in, in ms: of a hundred, all but the slowest."""
    took: list[float] = []
    load = threading.Thread(target=_signed_in, args=(ground.stack.url, people, max(CONCURRENCIES)))
    with Client(ground.stack.url, ground.alice.token) as client:
        load.start()
        while load.is_alive():
            took += [client.get(path).seconds * 1000 for path in OTHERS]
    load.join()
    return statistics.quantiles(took, n=100)[98]


def _argon2(many: int) -> float:
    command = [sys.executable, "-m", "tests.load.argon2_rate", str(many), str(SECONDS)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def _signed_in(url: str, people: Sequence[Person], many: int) -> float:
    counts = dict.fromkeys(range(many), 0)
    started = time.monotonic()

    def sign_in(number: int) -> None:
        bodies = [json.dumps({"username": each.email, "password": each.password}) for each in people[number::many]]
        with Client(url) as client:
            while time.monotonic() < started + SECONDS:
                client.post("/api/login_check", bodies[counts[number] % len(bodies)])
                counts[number] += 1

    threads = [threading.Thread(target=sign_in, args=(number,)) for number in counts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts.values()) / (time.monotonic() - started)
