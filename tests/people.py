"""The people of the tests: Alice owns it, Bob is a stranger, Nobody is signed out."""

import itertools
import secrets
import ssl
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

PASSWORD = "correct horse battery staple"
REQUEST_SECONDS = 30
TRUSTED = ssl.create_default_context()  # made once: it takes as long as a test

_number = itertools.count()


@dataclass
class Person:
    """Someone with a connection to the front door, signed in unless it is Nobody."""

    http: httpx2.Client
    id: UUID | None = None
    email: str = ""
    password: str = PASSWORD
    refresh_token: str = ""

    def get(self, path: str, **request: Any) -> httpx2.Response:
        return self.http.get(path, **request)

    def post(self, path: str, json: Any = None, **request: Any) -> httpx2.Response:
        return self.http.post(path, json=json, **request) if json is not None else self.http.post(path, **request)

    def delete(self, path: str, **request: Any) -> httpx2.Response:
        return self.http.delete(path, **request)

    @property
    def token(self) -> str:
        return self.http.headers["Authorization"].removeprefix("Bearer ")


def nobody(url: str) -> Person:
    """Someone signed out."""
    return Person(httpx2.Client(base_url=url, timeout=REQUEST_SECONDS, trust_env=False, verify=TRUSTED))


def sign_up(url: str, name: str = "alice") -> Person:
    """Someone new, registered through the front door and signed in, by the one request that does both."""
    person = nobody(url)
    person.email = f"{name}-{next(_number)}-{secrets.token_hex(4)}@example.com"
    answer = person.post("/api/v1/auth/signup", {"method": "email", "email": person.email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    person.id = UUID(made["user"]["id"])
    person.http.headers["Authorization"] = f"Bearer {made['session']['access_token']}"
    person.refresh_token = made["session"]["refresh_token"]
    return person


class Newcomers:
    """People who sign up while others are tested, a few ahead: an argon2 hash costs as much as many a test."""

    AHEAD = 3

    def __init__(self, url: str) -> None:
        self._url = url
        self._door = ThreadPoolExecutor(1)
        self._coming: deque[Future[Person]] = deque()

    def next(self) -> Person:
        """Somebody whom nobody has met yet."""
        while len(self._coming) < self.AHEAD:
            self._coming.append(self._door.submit(sign_up, self._url, "newcomer"))
        try:
            return self._coming.popleft().result()
        except (AssertionError, httpx2.HTTPError):  # they came while a test had stopped what they came to
            return sign_up(self._url, "newcomer")

    def leave(self) -> None:
        """Let nobody else come."""
        self._door.shutdown(cancel_futures=True)
        for each in self._coming:
            if not each.cancelled():
                each.result().http.close()


def sign_in(person: Person) -> None:
    """Sign in again, as the same person on another device."""
    answer = person.post("/api/login_check", {"username": person.email, "password": person.password})
    assert answer.status_code == 200, answer.text
    person.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    person.refresh_token = answer.json()["refresh_token"]
