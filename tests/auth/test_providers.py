"""Providers that are not set up, that publish nonsense about themselves, or that do not answer."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError

from services.auth import journeys
from services.auth.errors import ProviderUnavailable
from services.auth.providers.openid import Issuer
from services.auth.settings import Settings
from tests.people import PASSWORD, Person
from tests.stack import free_ports


class Answers(BaseHTTPRequestHandler):
    """One answer to everything, which the test sets."""

    server: "Broken"

    def do_GET(self) -> None:
        self.server.asked += 1
        self.server.answer(self)

    def log_message(self, *_: Any) -> None:
        pass


class Broken(ThreadingHTTPServer):
    """An issuer that answers as the test says."""

    asked = 0
    answer: Any
    daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def broken() -> Iterator[Broken]:
    server = Broken(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def say(document: Any, status: int = 200, **headers: str) -> Any:
    def answer(request: Answers) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def metadata(url: str, **changed: str) -> dict[str, str]:
    named = {"authorization_endpoint": f"{url}/auth", "token_endpoint": f"{url}/token", "jwks_uri": f"{url}/jwks"}
    return {"issuer": url, **named, **changed}


def drip(request: Answers) -> None:
    """A body of which a byte comes every second."""
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    with suppress(OSError):  # whoever asked has given up
        for _ in range(100):
            request.wfile.write(b" ")
            time.sleep(1)


def test_what_an_issuer_publishes_is_believed_where_it_names_itself(broken: Broken) -> None:
    broken.answer = say(metadata(broken.url))
    issuer = Issuer("google", broken.url, algorithms=("RS256",))

    assert issuer.endpoint("token_endpoint") == f"{broken.url}/token"
    assert issuer.endpoint("jwks_uri") == f"{broken.url}/jwks" and broken.asked == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://accounts.google.com"},  # somebody else
        {"issuer": ""},
        {"token_endpoint": "ftp://127.0.0.1/"},
        {"jwks_uri": ""},
    ],
)
def test_an_issuer_that_names_another_or_no_address_of_its_own_is_none(broken: Broken, changed: dict[str, str]) -> None:
    """SECURITY 15: the issuer is compared exactly."""
    broken.answer = say(metadata(broken.url, **changed))

    with pytest.raises(ProviderUnavailable):
        Issuer("google", broken.url, algorithms=("RS256",)).endpoint("token_endpoint")


@pytest.mark.parametrize(
    "answer",
    [
        say(b"<html>"),
        say([]),
        say(b"{" + b" " * 300_000 + b"}"),
        say({}, status=500),
        say({}, status=302, Location="http://169.254.169.254/"),
        say(b"\x1f\x8b", Content_Encoding="gzip"),
        say(b'{"issuer": NaN}'),
    ],
    ids=["no JSON", "no object", "too large", "failed", "redirected", "packed", "no number"],
)
def test_an_issuer_that_publishes_nonsense_is_unavailable(broken: Broken, answer: Any) -> None:
    broken.answer = answer

    with pytest.raises(ProviderUnavailable):
        Issuer("google", broken.url, algorithms=("RS256",)).endpoint("token_endpoint")


def test_an_issuer_that_does_not_answer_is_asked_once_however_many_wait(broken: Broken) -> None:
    broken.answer = say({}, status=503)
    issuer = Issuer("google", broken.url, algorithms=("RS256",))

    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            issuer.endpoint("token_endpoint")

    assert broken.asked == 1


def test_an_address_where_nobody_is_fails_at_once() -> None:
    started = time.monotonic()

    with pytest.raises(ProviderUnavailable):
        Issuer("google", f"http://127.0.0.1:{free_ports(1)[0]}", algorithms=("RS256",)).endpoint("token_endpoint")

    assert time.monotonic() - started < 2


@pytest.mark.nightly
def test_an_issuer_that_drips_is_given_up_on_after_ten_seconds(broken: Broken) -> None:
    broken.answer = drip
    started = time.monotonic()

    with pytest.raises(ProviderUnavailable):
        Issuer("google", broken.url, algorithms=("RS256",)).endpoint("token_endpoint")

    assert time.monotonic() - started < 12


@pytest.mark.parametrize("provider", ["google", "apple", "facebook"])
def test_a_provider_that_is_not_set_up_is_501(provider: str, alice: Person, nobody: Person) -> None:
    beginning = nobody.get(f"/api/auth/oauth/{provider}", params={"redirect_to": "https://app.example/"})
    end = nobody.get(f"/api/auth/oauth/{provider}/callback")
    connecting = alice.post(
        f"/api/user/identities/{provider}", {"redirect_to": "https://app.example/", "current_password": PASSWORD}
    )

    assert [each.status_code for each in (beginning, end, connecting)] == [501] * 3
    assert beginning.json()["code"] == "provider_not_configured" and beginning.json()["provider"] == provider


def settings(tmp_path: Path, **changed: Any) -> Settings:
    """Settings that are complete but for what a test is about."""
    needed = {"data_dir": tmp_path, "run_dir": tmp_path, "service_database_url": "postgresql://auth:x@127.0.0.1/tutti"}
    return Settings(service_name="auth", internal_keys={}, sealing_keys={"1": b"k" * 32}, **needed, **changed)


def test_a_provider_that_is_set_up_by_half_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="Google needs GOOGLE_CLIENT_SECRET too"):
        settings(tmp_path, google_client_id="x")
    with pytest.raises(ValidationError, match="Apple needs APPLE_TEAM_ID, APPLE_KEY_ID, APPLE_PRIVATE_KEY too"):
        settings(tmp_path, apple_client_id="x")


def test_a_key_of_apples_that_is_none_stops_the_start_and_one_in_a_single_line_is_read(tmp_path: Path) -> None:
    made = ec.generate_private_key(ec.SECP256R1())
    format_ = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    whole = {"apple_client_id": "x", "apple_team_id": "x", "apple_key_id": "x"}
    key = made.private_bytes(*format_).decode()

    read = settings(tmp_path, **whole, apple_private_key=key.replace("\n", "\\n")).apple_private_key

    assert read and read.get_secret_value() == key
    for wrong in ("no key", rsa.generate_private_key(65537, 2048).private_bytes(*format_).decode()):
        with pytest.raises(ValidationError, match="p8") as raised:
            settings(tmp_path, **whole, apple_private_key=wrong)
        assert "apple_private_key" in str(raised.value)


def test_the_browsers_cookie_is_bound_as_far_as_the_scheme_allows() -> None:
    """SECURITY 82, and why Strict is not possible: DECISIONS."""
    there, here = (Settings.model_construct(public_url=url) for url in ("https://t.example", "http://localhost:8000"))

    apples, googles, local = (
        journeys.cookie_of(settings, "state", "secret", posts_back=posts_back)
        for settings, posts_back in ((there, True), (there, False), (here, True))
    )

    assert (apples.is_secure, apples.same_site, apples.path) == (True, "None", "/") and apples.name.startswith("__Host-")
    assert (googles.is_secure, googles.same_site, googles.name) == (True, "Lax", apples.name)
    assert (local.is_secure, local.same_site, local.path) == (False, "Lax", "/api/auth/oauth")
    assert local.name == apples.name.removeprefix("__Host-") and "state" not in local.name.removeprefix("tutti_oauth_")
