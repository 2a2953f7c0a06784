"""What mails say, how they leave, and what other services may have sent."""

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from services.auth.mail import sending, writing
from services.auth.mail.sending import MailNotSent
from services.auth.mail.writing import Letter
from services.auth.settings import Settings
from shared import identity, ids
from tests import mails, people
from tests.people import Person
from tests.stack import Stack, free_ports

FACTS = {"place": "http://tutti", "link": "http://tutti/#s", "address": "::1", "device": "Firefox"}
NOTICE = {"title": "Ready", "lines": ["Your song is ready.", "Enjoy."], "path": "/songs/1"}
SIGN_IN = ("tutti", "p@ss word")


class Sink:
    """A mail server that keeps what it is sent, and can refuse."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.was_encrypted: list[bool] = []
        self.refusals: list[str] = []

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Envelope, address: str, _: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        assert isinstance(mail, EmailMessage)
        self.taken.append(mail)
        self.was_encrypted.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def listening(sink: Sink, **options: Any) -> Iterator[str]:
    """The sink at a free port, as `host:port`."""
    (port,) = free_ports(1)
    controller = Controller(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        controller.stop()


def letter(to: str = "alice@example.com", **facts: Any) -> EmailMessage:
    """A mail about a new sign-in."""
    return writing.message(Letter("new_sign_in", FACTS | facts), sender="Tutti <tutti@example.com>", to=to)


def through(url: str) -> Settings:
    """Settings that name a mail server, and nothing else."""
    return Settings.model_construct(smtp_url=SecretStr(url))


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate of 127.0.0.1 that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    both = tmp_path / "both.pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *plain))
    monkeypatch.setenv("SSL_CERT_FILE", str(both))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context


def only_us(server: SMTP, session: Any, envelope: Envelope, mechanism: str, login: LoginPassword) -> AuthResult:
    """Let in whoever knows the password."""
    return AuthResult(success=(login.login.decode(), login.password.decode()) == SIGN_IN, handled=False)


def test_a_mail_leaves_over_starttls_and_signs_in_where_the_server_asks(certified: ssl.SSLContext) -> None:
    sink = Sink()
    with listening(sink, tls_context=certified, require_starttls=True, authenticator=only_us, auth_required=True) as place:
        sending.send(letter(), through(f"smtp://tutti:p%40ss%20word@{place}"))
        with pytest.raises(MailNotSent, match="535"):
            sending.send(letter(), through(f"smtp://tutti:wrong@{place}"))

    assert sink.was_encrypted == [True] and sink.taken[0]["To"] == "alice@example.com"


def test_a_mail_leaves_over_tls_from_the_start(certified: ssl.SSLContext) -> None:
    sink = Sink()
    with listening(sink, ssl_context=certified) as place:
        sending.send(letter(), through(f"smtps://{place}"))

    assert len(sink.taken) == 1


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_mail(
    certified: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    sink = Sink()
    with listening(sink, tls_context=certified) as place, pytest.raises(MailNotSent, match="SSLCertVerificationError"):
        sending.send(letter(), through(f"smtp://{place}"))

    assert sink.taken == []


def test_what_a_server_may_take_later_is_tried_again_and_what_it_never_takes_is_not() -> None:
    """The failure that is logged names no address."""
    sink = Sink()
    sink.refusals = ["451 alice@example.com is busy", "550 alice@example.com is unknown"]
    with listening(sink) as place:
        with pytest.raises(MailNotSent) as raised:
            sending.send(letter(), through(f"smtp://{place}"))
        sending.send(letter(), through(f"smtp://{place}"))
        sending.send(letter(), through(f"smtp://{place}"))

    assert "451" in str(raised.value) and "alice" not in repr(raised.value) and len(sink.taken) == 1


HOSTILE = "x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>\u2028{{ 7*7 }}"


def test_no_fact_adds_a_header_a_line_or_a_tag() -> None:
    """SECURITY 59."""
    hostile = writing.message(
        Letter("notice", {"title": HOSTILE, "lines": [HOSTILE], "link": "", "place": ""}),
        sender="t@example.com",
        to="a@example.com",
    )
    for mail in (letter(device=HOSTILE), hostile):
        read = message_from_bytes(mail.as_bytes(), policy=policy.default)
        assert isinstance(read, EmailMessage)
        assert set(read.keys()) == {
            *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
        }
        page = read.get_body(("html",))
        assert page is not None and "<script>" not in page.get_content() and "&lt;script&gt;" in page.get_content()
        assert "49" not in page.get_content()
        assert not any(line.startswith("Bcc") for line in text_of(read).splitlines())


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("name", sorted(writing.names()))
def test_every_letter_can_be_written_in_text_and_in_html(name: str) -> None:
    facts = dict.fromkeys(("new_email", "provider", "change", "player", "name", "date", "on", "at", "days"), "something")
    every = writing.message(Letter(name, KNOWN.get(name, {}) | FACTS | facts), sender="t@example.com", to="a@example.com")

    assert every["Subject"] and every.get_body(("plain",)) and every.get_body(("html",))


KNOWN = {"notice": {"title": "Title", "lines": ["A line"]}}


@pytest.fixture
def ask(stack: Stack) -> Callable[[Any], httpx2.Response]:
    """What auth answers to media that has a letter sent."""
    key = base64.b64decode(json.loads(stack.secret("media", "internal_keys"))["auth"])

    def send(body: Any) -> httpx2.Response:
        token = identity.sign_internal(caller="media", audience="auth", key=key, user_id=None, session_id=None)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.post(f"{stack.service_url('auth')}/internal/mail", json=body, headers=headers, timeout=30)

    return send


def test_another_service_has_somebody_told_something(
    stack: Stack, alice: Person, ask: Callable[[Any], httpx2.Response]
) -> None:
    answer = ask({"user_id": str(alice.id), "template": "notice", "facts": NOTICE})

    assert answer.status_code == 202
    said = text_of(mails.wait(stack, alice.email, "Ready"))
    assert said.split()[:4] == ["Your", "song", "is", "ready."] and said.split()[-1].endswith("/songs/1")
    assert said.split()[-1].startswith("http://localhost:")


@pytest.mark.parametrize(
    "wrong",
    [
        {"template": "reset_password"},  # a letter of our own
        {"template": "../layout"},
        {"facts": {"title": "Ready"}},
        {"facts": NOTICE | {"lines": []}},
        {"facts": NOTICE | {"path": "//evil.example"}},
        {"facts": NOTICE | {"path": "https://evil.example"}},
        {"facts": NOTICE | {"path": "/a b"}},
        {"facts": NOTICE | {"path": "/@\n"}},
        {"facts": NOTICE | {"to": "somebody@example.com"}},
        {"to": "somebody@example.com"},
        {"user_id": "alice"},
    ],
)
def test_a_letter_that_makes_no_sense_is_refused(ask: Callable[[Any], httpx2.Response], wrong: dict[str, Any]) -> None:
    assert ask({"user_id": str(ids.new()), "template": "notice", "facts": NOTICE} | wrong).status_code == 422


def test_a_stranger_cannot_have_a_letter_sent(stack: Stack, alice: Person, nobody: Person) -> None:
    body = {"user_id": str(alice.id), "template": "notice", "facts": NOTICE}

    assert alice.post("/internal/mail", body).status_code == 404
    inside = httpx2.post(f"{stack.service_url('auth')}/internal/mail", json=body, headers=alice.http.headers, timeout=30)
    assert inside.status_code == 401


@pytest.mark.nightly
def test_a_mail_waits_for_a_server_that_is_down(tmp_path: Path) -> None:
    sink = Sink()
    with listening(sink) as place:
        pass
    running = Stack(tmp_path / "tutti", SMTP_URL=f"smtp://{place}").start()
    try:
        person = people.sign_up(running.url)
        controller = Controller(sink, hostname="127.0.0.1", port=int(place.rpartition(":")[2]))
        controller.start()
        try:
            deadline = time.monotonic() + mails.WITHIN_SECONDS
            while not sink.taken and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            controller.stop()
        person.http.close()
    finally:
        running.stop()

    assert [(mail["To"], mail["Subject"]) for mail in sink.taken] == [(person.email, "Confirm your address")]
