"""Flask and FastAPI answer alike, byte for byte: auth stands for the one, the guestbook for the other."""

from collections.abc import Callable

import httpx2
import pytest

from tests.people import Person
from tests.stack import Stack

JSON = {"Content-Type": "application/json"}
Request = Callable[[httpx2.Client, str], httpx2.Response]

REQUESTS: dict[str, Request] = {
    "unknown path": lambda http, post: http.get("/nothing/here"),
    "unknown path, two slashes": lambda http, post: http.get("/nothing//here/"),
    "unknown method": lambda http, post: http.request("PROPFIND", post),
    "method of another route": lambda http, post: http.post("/health"),
    "options": lambda http, post: http.request("OPTIONS", "/health"),
    "repeated key": lambda http, post: http.post(post, content=b'{"a": 1, "a": 2}', headers=JSON),
    "a list": lambda http, post: http.post(post, content=b"[]", headers=JSON),
    "a word": lambda http, post: http.post(post, content=b'"a"', headers=JSON),
    "null": lambda http, post: http.post(post, content=b"null", headers=JSON),
    "nothing": lambda http, post: http.post(post, content=b"", headers=JSON),
    "half a document": lambda http, post: http.post(post, content=b'{"a": ', headers=JSON),
    "not UTF-8": lambda http, post: http.post(post, content=b"\xff\xfe{}", headers=JSON),
    "another type": lambda http, post: http.post(post, content=b"{}", headers={"Content-Type": "text/plain"}),
    "a large body": lambda http, post: http.post(post, content=b'{"a": "' + b"a" * 1_100_000 + b'"}', headers=JSON),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_flask_and_fastapi_say_the_same(inn: Stack, guest: Person, name: str) -> None:
    def answer(service: str, post: str) -> tuple[int, bytes, str | None, str | None]:
        with httpx2.Client(base_url=inn.service_url(service), headers=guest.http.headers) as http:
            sent = REQUESTS[name](http, post)
        return sent.status_code, sent.content, sent.headers.get("content-type"), sent.headers.get("www-authenticate")

    flask, fastapi = answer("auth", "/api/login_check"), answer("guestbook", "/guestbook")

    assert flask == fastapi
