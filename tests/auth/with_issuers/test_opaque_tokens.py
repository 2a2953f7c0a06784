"""Tokens that only their issuer can read: it is asked, seldom, and not believed when it lies."""

import gzip
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.auth.with_issuers.doors import DOORS, everywhere, statuses
from tests.issuer import Elsewhere, send


def test_an_opaque_token_is_asked_about_once(elsewhere: Elsewhere, figures: Callable[[str], None]) -> None:
    token = elsewhere.auth0.opaque()
    person, before = elsewhere.someone(token), elsewhere.auth0.userinfo_asked

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: person.get(list(DOORS.values())[number % 3]).status_code, range(50)))

    asked = elsewhere.auth0.userinfo_asked - before
    figures(f"foreign issuers: 50 requests at once over 3 services with one opaque token: {asked} question to its issuer")
    assert answers == [200] * 50
    assert asked == 1


def test_what_the_issuer_does_not_know_is_nobody(elsewhere: Elsewhere) -> None:
    person, before = elsewhere.someone("x" * 40), elsewhere.auth0.userinfo_asked

    assert [statuses(person) for _ in range(3)] == [everywhere(401)] * 3
    assert elsewhere.auth0.userinfo_asked - before == 1


def slowly(request: Any) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    for _ in range(40):
        try:
            request.wfile.write(b" ")
        except OSError:
            return
        time.sleep(0.5)


GOOD = {"sub": "auth0|liar"}
LIES: dict[str, tuple[Callable[[Any], None], int]] = {
    "no subject": (lambda it: send(it, {"email": "a@example.com"}), 401),
    "an empty subject": (lambda it: send(it, {"sub": ""}), 401),
    "a list of subjects": (lambda it: send(it, {"sub": ["auth0|liar"]}), 401),
    "a long subject": (lambda it: send(it, {"sub": "x" * 256}), 401),
    "a list": (lambda it: send(it, [GOOD]), 503),
    "no JSON": (lambda it: send(it, b"<html>"), 503),
    "nothing": (lambda it: send(it, b""), 503),
    "subjects repeated": (lambda it: send(it, b'{"sub": "a", "sub": "b"}'), 503),
    "100 KB": (lambda it: send(it, GOOD | {"more": "x" * 100_000}), 503),
    "a bomb": (lambda it: send(it, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), 503),
    "an error": (lambda it: send(it, GOOD, status=500), 503),
    "another kind of success": (lambda it: send(it, GOOD, status=206), 503),
    "a redirect": (lambda it: send(it, GOOD, status=302, Location="/elsewhere"), 503),
    "a drop at a time": (slowly, 503),
}


@pytest.mark.parametrize("name", LIES)
def test_an_issuer_that_lies_about_an_opaque_token_lets_nobody_in(elsewhere: Elsewhere, name: str) -> None:
    """SECURITY 76, 77, 78, 79."""
    lie, status = LIES[name]
    person = elsewhere.someone(elsewhere.auth0.opaque())
    elsewhere.auth0.lies["/userinfo"] = lie
    started = time.monotonic()

    answer = person.get("/files")

    assert answer.status_code == status, answer.text
    assert time.monotonic() - started < 9
    assert elsewhere.auth0.asked["/elsewhere"] == 0
    assert elsewhere.auth0.base not in answer.text
    assert answer.headers.get("Set-Cookie") is None


@pytest.mark.nightly
def test_an_opaque_token_is_asked_about_again_and_stays_as_old_as_it_is(elsewhere: Elsewhere) -> None:
    """Signed out with it, it never counts again; given up by its issuer, it counts until it is asked about again."""
    issuer = elsewhere.auth0
    leaver, taken, kept = (elsewhere.someone(issuer.opaque()) for _ in range(3))
    assert [statuses(each) for each in (leaver, taken, kept)] == [everywhere(200)] * 3
    leaver.post("/api/auth/logout", {})
    issuer.people.pop(taken.token)
    before = issuer.userinfo_asked

    time.sleep(31)

    assert [statuses(each) for each in (leaver, taken, kept)] == [everywhere(401), everywhere(401), everywhere(200)]
    assert issuer.userinfo_asked - before == 3
