"""Whether there is an account with an address cannot be told by asking: not by status, not by body, not by time. P8."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count

import httpx2
import pytest

from tests import people
from tests.people import PASSWORD, Person
from tests.stack import Stack

ROUNDS = 200
LEAST_P = 0.01
MOST_MS = 5.0
ID_CHARACTERS = 36

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("unlimited"), RATE_LIMITS="false").start()
    yield running
    running.stop()


def p_of_mann_whitney(ours: list[float], theirs: list[float]) -> float:
    """How likely two samples of one kind differ this much, either way (the normal approximation; no ties).

    >>> round(p_of_mann_whitney(list(range(100)), [each + 0.5 for each in range(100)]), 2)
    0.9
    >>> p_of_mann_whitney(list(range(100)), [each + 50.5 for each in range(100)]) < 1e-9
    True
    """
    ranked = sorted([(each, True) for each in ours] + [(each, False) for each in theirs])
    ranks = sum(rank for rank, (_, is_ours) in enumerate(ranked, 1) if is_ours)
    n, m = len(ours), len(theirs)
    wins = ranks - n * (n + 1) / 2
    z = (wins - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def shape(answer: httpx2.Response) -> tuple[int, str]:
    """Status and body, but for the address and the id in it."""
    if answer.status_code == 201:
        user = answer.json()["user"]
        return 201, answer.text.replace(user["id"], "?" * ID_CHARACTERS).replace(user["email"], "?")
    return answer.status_code, answer.text


ACTS: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
    "register": ("/api/auth/register", lambda email: {"email": email, "password": PASSWORD}),
    "login": ("/api/auth/login", lambda email: {"email": email, "password": "not the right one"}),
    "forgotten": ("/api/auth/request-password-reset", lambda email: {"email": email}),
    "resend": ("/api/auth/resend", lambda email: {"email": email}),
    "magic link": ("/api/auth/magic-link", lambda email: {"email": email}),
}


@pytest.mark.parametrize("act", ACTS)
def test_known_and_unknown_addresses_are_answered_alike(unlimited: Stack, figures: Callable[[str], None], act: str) -> None:
    """SECURITY 7."""
    asking, number = people.nobody(unlimited.url), count()
    known: Person = people.sign_up(unlimited.url, "known")
    path, body = ACTS[act]
    took: dict[bool, list[float]] = {True: [], False: []}
    shapes = set()

    def ask(is_known: bool) -> None:
        email = known.email if is_known else known.email.replace("known", f"no{next(number):04}", 1)
        started = time.perf_counter()
        answer = asking.post(path, body(email))
        took[is_known].append((time.perf_counter() - started) * 1000)
        shapes.add(shape(answer))

    for turn in range(ROUNDS):
        for is_known in (turn % 2 == 0, turn % 2 == 1):
            ask(is_known)
    p = p_of_mann_whitney(took[True], took[False])
    gap = abs(statistics.median(took[True]) - statistics.median(took[False]))
    figures(f"P8 {act}: {ROUNDS} each, {len(shapes)} answer; Mann-Whitney p {p:.3f}, medians {gap:.2f} ms apart")
    known.http.close()
    asking.http.close()

    assert len(shapes) == 1
    assert p > LEAST_P and gap < MOST_MS
