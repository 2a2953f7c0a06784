"""A bearer of another issuer is asked about once, and not for long believed or refused."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from shared import foreign, ids
from shared.errors import Problem
from shared.foreign import BearerUnlinked, Exchange, Resolved
from shared.identity import Caller, KeysUnknown, TokenExpired, TokenInvalid
from tests.security.signing import segment

ISSUER = "https://tenant.example/"
OPAQUE = "o" * 40


class Auth:
    """A stand-in for auth that counts what it is asked, and answers or refuses."""

    def __init__(self) -> None:
        self.asked = 0
        self.refusal: type[Problem] | None = None
        self.fresh_seconds = 300.0

    def resolve(self, _token: str) -> Resolved:
        self.asked += 1
        time.sleep(0.05)
        if self.refusal:
            raise self.refusal
        now = time.time()
        return Resolved(Caller(ids.new(), ids.new(), ("user",), "", int(now), int(now) + 600), now + self.fresh_seconds)


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def exchange(auth: Auth) -> Exchange:
    return Exchange(auth.resolve, lambda: {"issuers": [ISSUER], "opaque": True})


def signed(**claims: Any) -> str:
    return jwt.encode({"iss": ISSUER, "sub": "x"} | claims, "k" * 32, algorithm="HS256")


def refusals(exchange: Exchange, token: str, times: int) -> set[type[Exception]]:
    found = set()
    for _ in range(times):
        with pytest.raises(Problem) as raised:
            exchange.exchange(token)
        found.add(raised.type)
    return found


def test_fifty_at_once_are_one_question(auth: Auth, exchange: Exchange) -> None:
    token = signed()
    with ThreadPoolExecutor(50) as pool:
        callers = set(pool.map(lambda _: exchange.exchange(token), range(50)))

    assert (len(callers), auth.asked) == (1, 1)
    assert exchange.known(token) in callers


def test_fifty_at_once_are_one_refusal(auth: Auth, exchange: Exchange) -> None:
    auth.refusal, token = TokenInvalid, signed()
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: refusals(exchange, token, 1), range(50)))

    assert (found, auth.asked) == ([{TokenInvalid}] * 50, 1)


@pytest.mark.parametrize("refusal", [TokenInvalid, TokenExpired, BearerUnlinked])
def test_a_refusal_is_kept_for_a_minute(
    auth: Auth, exchange: Exchange, monkeypatch: pytest.MonkeyPatch, refusal: type[Problem]
) -> None:
    auth.refusal = refusal
    assert (refusals(exchange, OPAQUE, 5), auth.asked) == ({refusal}, 1)

    later = time.monotonic() + foreign.REFUSED_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    auth.refusal = None

    assert exchange.exchange(OPAQUE).roles == ("user",)


def test_what_cannot_be_told_is_not_kept(auth: Auth, exchange: Exchange) -> None:
    auth.refusal = KeysUnknown
    assert refusals(exchange, OPAQUE, 3) == {KeysUnknown}
    auth.refusal = None

    assert exchange.exchange(OPAQUE)
    assert auth.asked == 4


def test_an_answer_is_asked_for_again_when_it_is_old(auth: Auth, exchange: Exchange) -> None:
    auth.fresh_seconds = 0.1
    first = exchange.exchange(OPAQUE)
    time.sleep(0.15)

    assert exchange.known(OPAQUE) is None
    assert exchange.exchange(OPAQUE) != first
    assert auth.asked == 2


@pytest.mark.parametrize(
    "bearer",
    [
        lambda: signed(iss="https://evil.example/"),
        lambda: signed(iss=ISSUER + "x"),
        lambda: f"{segment({'alg': 'none'})}.{segment({'iss': [ISSUER]})}.x",
        lambda: signed(iss=""),
        lambda: "mock-token",  # what a client once sent
        lambda: "o" * 19,  # too short to be a secret
        lambda: "o" * 40 + " o",
        lambda: "\u00e9" * 40,
        lambda: signed().rpartition(".")[0] + ".",  # no signature: neither signed nor opaque
        lambda: "a.b.c",
    ],
)
def test_a_bearer_of_nobody_known_costs_no_question(auth: Auth, exchange: Exchange, bearer: Callable[[], str]) -> None:
    assert refusals(exchange, bearer(), 3) == {TokenInvalid}
    assert auth.asked == 0


def test_where_no_issuer_is_configured_nothing_is_asked(auth: Auth) -> None:
    exchange = Exchange(auth.resolve, lambda: {"issuers": [], "opaque": False})

    assert refusals(exchange, OPAQUE, 1) | refusals(exchange, signed(), 1) == {TokenInvalid}
    assert auth.asked == 0


def test_memory_is_bounded(auth: Auth, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "KEPT", 20)
    exchange.exchange(OPAQUE)
    auth.refusal = TokenInvalid
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda number: refusals(exchange, f"{number:040}", 1), range(100)))

    assert len(exchange._refused) == 20
    assert exchange.known(OPAQUE)  # strangers' tokens push nobody out
