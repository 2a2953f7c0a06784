"""What the gateway lets through, through the real Traefik."""

import socket
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from shared import ids, services
from tests.people import Person
from tests.stack import Stack

ORIGIN = "http://localhost:5173"
BODY_SECONDS = 10
HELD_SECONDS = 0.4  # a service's refusal takes a hundredth of it
AT_ONCE_SECONDS = 2  # on two busy cores
BODY_BYTES = 20_000  # of a slow body
SLOW_PEOPLE = 40  # more than a service has threads


def raw(stack: Stack, request: bytes) -> int:
    """Send bytes as they are; the status of the answer, 0 where the connection was just closed."""
    where = urlsplit(stack.url)
    with socket.create_connection((where.hostname, where.port), timeout=BODY_SECONDS) as connection:
        connection.sendall(request)
        answer = connection.recv(4096)
    return int(answer.split(b" ")[1]) if answer else 0


def get(stack: Stack, path: str, *headers: str) -> int:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return raw(stack, "\r\n".join([*lines, "", ""]).encode("utf-8"))


def test_both_doors_answer_and_each_names_its_main_service(stack: Stack) -> None:
    assert httpx2.get(f"{stack.url}/health").json()["service"] == "media"
    assert httpx2.get(f"{stack.alt_url}/health").json()["service"] == "auth"
    for name in services.names():
        for door in (stack.url, stack.alt_url):
            assert httpx2.get(f"{door}/health/{name}").json() == {"status": "ok", "service": name}


@pytest.mark.parametrize(
    "path",
    [
        "/internal/keys",
        "/internal/revocations",
        "/internal/events",
        "/ready",
        "/metrics",
        "//internal/keys",
        "/./internal/keys",
        "/files/../internal/keys",
        "/api/auth/../../internal/keys",
        "/internal/playable",
        "/INTERNAL/keys",
        "/filesystem",
        "/api/authx",
        "/files../internal/keys",
        "/ready/",
        "/health/../ready",
        "/docs/../internal/keys",
    ],
)
def test_what_is_inside_stays_inside(stack: Stack, path: str) -> None:
    assert get(stack, path) in (400, 404)


@pytest.mark.parametrize("code", ["2f", "2F", "5c", "00", "3b", "25", "3f", "23", "252e"])
def test_encoded_characters_that_services_read_differently_are_refused(stack: Stack, code: str) -> None:
    assert get(stack, f"/files/x%{code}y") == 400


@pytest.mark.parametrize("header", ["X_User_Id: 1", "X.User.Id: 1", "Content_Length: 5"])
def test_alias_headers_are_refused_on_both_doors(stack: Stack, header: str) -> None:
    assert get(stack, "/health", header) == 400


def test_headers_over_the_limit_are_refused(stack: Stack) -> None:
    assert get(stack, "/health", "X-Long: " + "a" * 30_000) == 431


def test_json_over_the_limit_is_413_at_the_door(nobody: Person) -> None:
    answer = nobody.post("/api/login_check", {"username": "a" * 70_000, "password": "b"})

    assert answer.status_code == 413


def test_an_app_on_another_origin_may_ask_and_read_what_it_needs(nobody: Person) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    preflight = nobody.http.options("/files/upload", headers=asked)
    answer = nobody.get("/health", headers={"Origin": ORIGIN})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    allowed = preflight.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "idempotency-key", "upload-offset"))
    exposed = answer.headers["access-control-expose-headers"].lower()
    readable = ("content-disposition", "link", "x-total-count", "location", "x-request-id", "idempotent-replayed")
    assert all(name in exposed for name in readable)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:5173.evil.example"])
def test_other_origins_may_not(nobody: Person, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}

    assert "access-control-allow-origin" not in nobody.http.options("/files", headers=asked).headers


def test_every_answer_carries_the_security_headers_and_names_no_server(alice: Person) -> None:
    for path in ("/health", "/files", "/api/stats", "/api/user/profile", "/nothing"):
        headers = alice.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert "server" not in headers and "x-powered-by" not in headers, path


def test_a_spoofed_address_opens_no_new_bucket_and_no_door(stack: Stack, nobody: Person) -> None:
    headers = {"X-Forwarded-For": "10.0.0.1", "X-Real-Ip": "10.0.0.1", "X-User-Id": "1", "X-Internal-User-Id": "1"}

    assert nobody.get("/files", headers=headers).status_code == 401
    assert nobody.get("/api/sessions", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /api/login_check HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"TRACE /health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
    ],
)
def test_requests_that_two_readers_could_read_differently_are_refused(stack: Stack, request_bytes: bytes) -> None:
    assert raw(stack, request_bytes) in (0, 400, 404, 405, 501, 505)


def begun(stack: Stack, method: str, path: str, *headers: str) -> socket.socket:
    """A connection on which a request with a body of `BODY_BYTES` was begun: half of it has been sent.

    Half is more than the 4 KiB that the gateway's own writing collects before a service sees anything at all.
    """
    where = urlsplit(stack.url)
    connection = socket.create_connection((where.hostname, where.port), timeout=BODY_SECONDS)
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {BODY_BYTES}", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode() + b"x" * (BODY_BYTES // 2))
    return connection


def is_answered(stack: Stack, request_id: str, within_seconds: float) -> bool:
    """Whether a service has answered that request. The gateway may keep the answer until it has read the body itself."""
    logs = [stack.home / "logs" / f"{name}.log" for name in services.names()]
    deadline = time.monotonic() + within_seconds
    while not (found := any(request_id in log.read_text() for log in logs)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/files/x/stream"),
        ("PUT", "/files/x/cover"),
        ("DELETE", "/files/x/download"),
        ("POST", "/playlists/x/cover"),
        ("POST", "/play/x"),
        ("POST", "/s/x"),
        ("POST", "/rest/ping"),
        ("PATCH", "/files/x"),
        ("POST", "/api/login_check"),
        ("GET", "/files"),
        ("GET", "/api/stats"),
    ],
)
def test_no_service_sees_a_slow_body_before_it_is_whole(stack: Stack, method: str, path: str) -> None:
    request_id = str(ids.new())

    with begun(stack, method, path, f"X-Request-Id: {request_id}") as connection:
        seen_early = is_answered(stack, request_id, HELD_SECONDS)
        connection.sendall(b"x" * (BODY_BYTES // 2))
        status = int(connection.recv(4096).split(b" ")[1])

    refused = range(200, 201) if path.startswith("/rest/") else range(400, 500)  # OpenSubsonic tells of failures in a 200
    assert not seen_early and status in refused
    assert is_answered(stack, request_id, AT_ONCE_SECONDS)


@pytest.mark.parametrize("path", ["/files/x/stream", "/play/x", "/s/x", "/rest/ping"])
def test_no_service_waits_for_the_body_of_a_request_that_plays(stack: Stack, alice: Person, path: str) -> None:
    request_id = str(ids.new())

    with begun(stack, "GET", path, f"Authorization: Bearer {alice.token}", f"X-Request-Id: {request_id}"):
        assert is_answered(stack, request_id, AT_ONCE_SECONDS)  # only its sender is still waiting, for its own body


def test_a_large_body_to_a_path_that_plays_is_413_at_the_door(alice: Person) -> None:
    assert alice.post("/files/x/stream", content=b"x" * 1_100_000).status_code == 413


def test_slow_bodies_take_no_service_from_others(stack: Stack, alice: Person) -> None:
    token = f"Authorization: Bearer {alice.token}"
    paths = [("GET", "/files/x/stream"), ("GET", "/play/x"), ("POST", "/play/x"), ("POST", "/api/login_check")]
    slow = [begun(stack, method, path, token) for method, path in paths for _ in range(SLOW_PEOPLE)]
    try:
        for path in ("/health", "/health/auth", "/health/sessions", "/files", "/api/user/profile"):
            started = time.monotonic()
            assert alice.get(path).status_code == 200
            assert time.monotonic() - started < AT_ONCE_SECONDS, path
    finally:
        for connection in slow:
            connection.close()
