"""Asking another issuer, at an address from the settings: no redirects, nothing compressed, 64 KiB and some seconds at most.

What it answers is never handed on, and neither is why it did not: people are told that it is not answering.
"""

import time
from typing import Any

import httpx2

from shared import json
from shared.logs import log

MAX_BYTES = 64 * 1024  # Auth0's keys are 3 KB, what it says of a person 1 KB
CONNECT_SECONDS = 2
READ_SECONDS = 2  # between two pieces
ALL_SECONDS = 4  # for the whole answer; our services wait for ours for 10
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Tutti"}


class Unanswered(Exception):
    """There was no answer, or none that counts."""


class Denied(Exception):
    """The issuer does not know the token."""


class Outside:
    """The one client for such questions. Threads share it."""

    def __init__(self) -> None:
        timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        self._client = httpx2.Client(timeout=timeout, trust_env=False, follow_redirects=False, headers=HEADERS)

    def ask(self, url: str, *, bearer: str = "") -> dict[str, Any]:
        """The JSON object at `url`. Raises Denied, Unanswered."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            with self._client.stream("GET", url, headers=headers) as answer:
                body = _body(answer)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, json.BadJson, Unanswered) as reason:
            log(__name__).warning("issuer.unanswered", url=url, reason=type(reason).__name__, said=str(reason)[:200])
            raise Unanswered from reason
        finally:
            self._client.cookies.clear()
        return body


def _body(answer: httpx2.Response) -> dict[str, Any]:
    if answer.status_code in (401, 403):
        raise Denied
    if answer.status_code != 200 or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unanswered(f"status {answer.status_code}")
    until, received = time.monotonic() + ALL_SECONDS, bytearray()
    for piece in answer.iter_bytes():
        received += piece
        if len(received) > MAX_BYTES or time.monotonic() > until:
            raise Unanswered(f"{len(received)} bytes so far")
    found = json.loads(bytes(received))
    if not isinstance(found, dict):
        raise Unanswered("no object")
    return found
