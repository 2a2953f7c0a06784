"""The Flask shell behaves as the FastAPI one does: the same inputs, the same words."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx2
import pytest

from tests.people import Person
from tests.stack import Stack

JSON = {"Content-Type": "application/json"}
HOSTILE = [
    (b'{"username": "a", "username": "b", "password": "c"}', "an object repeats a key"),
    (b'{"username": NaN, "password": "c"}', "NaN is not a JSON number"),
    (b'{"username": 1e999, "password": "c"}', "a number is out of range"),
    (rb'{"username": "\ud800", "password": "c"}', "a string holds half of a surrogate pair"),
    (rb'{"username": "a\u0000b", "password": "c"}', "a string holds NUL"),
    (b'{"username": "a", "password": ' + b"9" * 4_000 + b"}", "an integer is out of range"),
    (b'{"username": ' + b"[" * 30_000, None),
    (b'\xff\xfe{"username": "a"}', "not UTF-8"),
    (b"{", None),
    (b"", "Field required"),
    (b"null", "Input should be a valid dictionary or object to extract fields from"),
    (b'["username"]', "Input should be a valid dictionary or object to extract fields from"),
    (b'"username"', "Input should be a valid dictionary or object to extract fields from"),
    (b"5", "Input should be a valid dictionary or object to extract fields from"),
]


@pytest.mark.parametrize(("body", "message"), HOSTILE, ids=[str(number) for number in range(len(HOSTILE))])
def test_hostile_json_is_422_with_a_problem_document(nobody: Person, body: bytes, message: str | None) -> None:
    answer = nobody.post("/api/login_check", content=body, headers=JSON)

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "malformed" and isinstance(problem["detail"], str)
    if message:
        assert problem["errors"] == [{"field": "", "message": message}]


def test_wrong_and_unknown_fields_are_named(nobody: Person) -> None:
    answer = nobody.post("/api/login_check", {"username": 5, "role": "admin"})

    assert {each["field"] for each in answer.json()["errors"]} == {"username", "password", "role"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_json_under_another_name_is_refused(nobody: Person, kind: str) -> None:
    body = b'{"username": "a", "password": "b"}'

    assert nobody.post("/api/login_check", content=body, headers={"Content-Type": kind}).status_code == 422


def test_a_large_body_is_413_with_and_without_its_length(stack: Stack) -> None:
    address, body = f"{stack.service_url('auth')}/api/login_check", b'{"username": "' + b"a" * 70_000 + b'"}'

    known = httpx2.post(address, content=body, headers=JSON)
    chunked = httpx2.post(address, content=iter([body]), headers=JSON)

    assert (known.status_code, known.json()["code"]) == (413, "too_large")
    assert (chunked.status_code, chunked.content) == (413, known.content)


def test_both_forms_of_a_path_answer_without_a_redirect(alice: Person) -> None:
    assert alice.get("/api/user/profile").status_code == alice.get("/api/user/profile/").status_code == 200


def test_a_request_id_comes_back_and_a_hostile_one_does_not(nobody: Person) -> None:
    kept = nobody.get("/health/auth", headers={"X-Request-Id": "abc-12345678"})
    replaced = nobody.get("/health/auth", headers={"X-Request-Id": "x" * 500})

    assert kept.headers["x-request-id"] == "abc-12345678"
    assert UUID(replaced.headers["x-request-id"]).version == 7


def test_operators_see_what_was_answered_by_route(stack: Stack, alice: Person) -> None:
    alice.get("/api/user/profile")
    text = httpx2.get(f"{stack.service_url('auth')}/metrics").text

    assert 'http_requests_total{method="GET",route="/api/user/profile",status="200"}' in text
    assert alice.get("/metrics").status_code == alice.get("/ready").status_code == 404


def test_the_log_holds_the_request_and_no_secret(stack: Stack, alice: Person) -> None:
    alice.get("/api/user/profile", headers={"X-Request-Id": "look-for-this-one"})
    deadline = time.monotonic() + 3  # the supervisor writes the file, a moment later
    while "look-for-this-one" not in (lines := (stack.home / "logs" / "auth.log").read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)

    found = next(line for line in lines.splitlines() if "look-for-this-one" in line)
    assert str(alice.id) in found and '"service":"auth"' in found and '"path":"/api/user/profile"' in found
    assert alice.token not in lines and alice.refresh_token not in lines and alice.password not in lines
    assert alice.email not in lines


def test_two_hundred_requests_at_once_are_answered(nobody: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: nobody.get("/.well-known/jwks.json").status_code, range(200)))

    assert set(answers) == {200}
