"""Google, Apple and Facebook for the tests, as real servers on loopback, and a browser that goes there and back."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared import processes
from tests import npm, stack

HERE = Path(__file__).parent / "provider"
PUBLIC = "https://tutti.example"  # what the browser of the tests takes the stack for
APP = "https://app.example/signed-in?lang=de"
APP_OF_PHONES = "sounds.example:/signed-in"
START_SECONDS, ASK_SECONDS = 30, 30
MOST_STEPS = 12  # of one journey


@dataclass
class Others:
    """The three providers: their addresses, what is registered there, and the settings that Tutti gets of them."""

    google: str
    apple: str
    facebook: str
    settings: dict[str, str]
    graph: "Facebook" = field(repr=False)
    missing: str = ""  # why there is none after all

    def know(self, provider: str, subject: str, **claims: Any) -> None:
        """Tell a provider about a person."""
        if provider == "facebook":
            self.graph.people[subject] = claims
        else:
            httpx2.put(f"{getattr(self, provider)}/people/{subject}", json=claims, trust_env=False).raise_for_status()


@contextmanager
def opened() -> Iterator[Others]:
    """All three, for as long as the block runs. Where npm cannot fetch the one of Google and Apple, it says so itself."""
    google_port, apple_port, facebook_port = stack.free_ports(3)
    google, apple, facebook = (f"http://127.0.0.1:{port}" for port in (google_port, apple_port, facebook_port))
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    back = f"{PUBLIC}/api/auth/oauth"
    told = [
        {
            "issuer": google,
            "port": google_port,
            "id": "tutti-google",
            "secret": "g" * 40,
            "callback": f"{back}/google/callback",
        },
        {
            "issuer": apple,
            "port": apple_port,
            "id": "example.tutti",
            "secret": "a" * 40,
            "callback": f"{back}/apple/callback",
            "apple": {"team": "TEAM123456", "keyId": "KEY1234567", "publicKey": public.decode()},
        },
    ]
    settings = {
        "PUBLIC_URL": PUBLIC,
        "APP_URLS": f"{APP}, {APP_OF_PHONES}",
        "GOOGLE_ISSUER": google,
        "GOOGLE_CLIENT_ID": "tutti-google",
        "GOOGLE_CLIENT_SECRET": "g" * 40,
        "APPLE_ISSUER": apple,
        "APPLE_CLIENT_ID": "example.tutti",
        "APPLE_TEAM_ID": "TEAM123456",
        "APPLE_KEY_ID": "KEY1234567",
        "APPLE_PRIVATE_KEY": private,
        "FACEBOOK_URL": facebook,
        "FACEBOOK_GRAPH_URL": facebook,
        "FACEBOOK_CLIENT_ID": "1234567890",
        "FACEBOOK_CLIENT_SECRET": Facebook.SECRET,
    }
    graph, missing = Facebook(("127.0.0.1", facebook_port), FacebookAnswers), ""
    threading.Thread(target=graph.serve_forever, args=(0.05,), daemon=True).start()
    with ExitStack() as at_the_end:
        at_the_end.callback(graph.server_close)
        at_the_end.callback(graph.shutdown)
        try:
            at_the_end.enter_context(_openid(npm.node_modules(HERE, "oidc-provider"), told))
        except pytest.skip.Exception as reason:
            missing = str(reason)
        yield Others(google, apple, facebook, settings, graph, missing)


@contextmanager
def _openid(folder: Path, told: list[dict[str, Any]]) -> Iterator[None]:
    node = subprocess.Popen(
        [npm.NODE, HERE / "server.mjs", folder, json.dumps(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=processes.die_with_parent,
    )
    try:
        assert node.stdout
        said = []
        while "ready\n" not in said:
            said.append(node.stdout.readline())
            assert said[-1], f"the provider did not start: {''.join(said)}"
        threading.Thread(target=node.stdout.read, daemon=True).start()
        yield
    finally:
        node.terminate()
        node.wait(START_SECONDS)


class Facebook(ThreadingHTTPServer):
    """Facebook's login dialog, token endpoint and Graph's /me, as its documents describe them."""

    SECRET: ClassVar[str] = "f" * 32
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.people: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, str] = {}


class FacebookAnswers(BaseHTTPRequestHandler):
    """What it answers."""

    server: Facebook

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/dialog/oauth":
            back = {"state": asked["state"]}
            if asked.get("as") == "nobody":
                back |= {"error": "access_denied", "error_reason": "user_denied"}
            else:
                code = secrets.token_urlsafe(16)
                self.server.codes[code] = asked
                back["code"] = code
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}#_=_")
            self.end_headers()
        elif url.path == "/me":
            self._me(asked)

    def _me(self, asked: dict[str, str]) -> None:
        token = asked.get("access_token") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        proof = hmac.new(Facebook.SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        subject = self.server.tokens.get(token)
        if subject is None or asked.get("appsecret_proof") != proof:
            self._json(400, {"error": {"message": "Invalid appsecret_proof", "type": "GraphMethodException", "code": 100}})
        else:
            self._json(200, {"id": subject, **self.server.people.get(subject, {})})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        begun = self.server.codes.pop(form.get("code", ""), None)
        is_right = (
            urlsplit(self.path).path == "/oauth/access_token"
            and begun is not None
            and form["client_id"] == begun["client_id"] == "1234567890"
            and form["client_secret"] == Facebook.SECRET
            and form["redirect_uri"] == begun["redirect_uri"]
            and _challenge(form["code_verifier"]) == begun["code_challenge"]
        )
        if not is_right or begun is None:
            self._json(400, {"error": {"message": "Invalid verification code", "type": "OAuthException", "code": 100}})
            return
        token = secrets.token_urlsafe(16)
        self.server.tokens[token] = begun["as"]
        self._json(200, {"access_token": token, "token_type": "bearer", "expires_in": 5183944})

    def _json(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Form(HTMLParser):
    """The form of a page that sends itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes["action"] or ""
        elif tag == "input" and attributes.get("name"):
            self.fields[attributes["name"]] = attributes.get("value") or ""


class Browser:
    """Somebody's browser. It takes `PUBLIC` for the stack, and keeps and sends its cookies as browsers do."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies: dict[str, tuple[str, str]] = {}  # of Tutti: value and SameSite
        self.others = httpx2.Client(trust_env=False, timeout=ASK_SECONDS)
        self.tutti = httpx2.Client(trust_env=False, timeout=ASK_SECONDS)

    def close(self) -> None:
        self.others.close()
        self.tutti.close()

    def start(self, provider: str, redirect_to: str = APP, **query: str) -> httpx2.Response:
        """Tutti's answer to the beginning of a journey."""
        return self._ask(f"{PUBLIC}/api/auth/oauth/{provider}?{urlencode({'redirect_to': redirect_to, **query})}")

    def go(self, url: str, subject: str) -> str | httpx2.Response:
        """Follow an address of Tutti to a provider, sign in there as somebody, and come back as far as the app.

        What Tutti answers instead of sending the browser on is the answer.
        """
        back = self.as_far_as_tutti(url, subject)
        return back if isinstance(back, httpx2.Response) else self.come_back(*back)

    def sign_in(self, provider: str, subject: str, redirect_to: str = APP, **query: str) -> dict[str, str]:
        """What the app is told at the end of a whole journey."""
        there = self.go(f"{PUBLIC}/api/auth/oauth/{provider}?{urlencode({'redirect_to': redirect_to, **query})}", subject)
        assert isinstance(there, str), there.text
        assert there.startswith(redirect_to)
        return told(there)

    def as_far_as_tutti(self, url: str, subject: str) -> tuple[str, dict[str, str] | None] | httpx2.Response:
        """The provider's way back, not taken yet: an address, and the form that is sent there, if it is a form."""
        answer = self._ask(url)
        if answer.status_code != 302:
            return answer
        here = answer.headers["location"] + f"&as={subject}"
        for _ in range(MOST_STEPS):
            answer = self.others.get(here)
            if "location" in answer.headers:
                here = urljoin(here, answer.headers["location"])
                if here.startswith(PUBLIC):
                    return here.partition("#")[0], None
            else:
                form = Form(answer.text)
                assert form.action.startswith(PUBLIC), answer.text
                return form.action, form.fields
        raise AssertionError(f"lost at {here}")

    def come_back(self, url: str, form: dict[str, str] | None = None) -> str | httpx2.Response:
        """Take the way back: the address that Tutti sends the browser on to, or its answer where it sends it nowhere."""
        answer = self._ask(url, form)
        return answer.headers["location"] if answer.status_code == 302 else answer

    def _ask(self, url: str, form: dict[str, str] | None = None) -> httpx2.Response:
        """Every address of Tutti is reached from another site: by a form, only cookies with SameSite=None go along."""
        assert url.startswith(PUBLIC), url
        sent = {name: value for name, (value, same_site) in self.cookies.items() if form is None or same_site == "None"}
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in sent.items())} if sent else {}
        here = self.url + url.removeprefix(PUBLIC)
        answer = self.tutti.get(here, headers=headers) if form is None else self.tutti.post(here, data=form, headers=headers)
        for line in answer.headers.get_list("set-cookie"):
            [(name, morsel)] = SimpleCookie(line).items()
            assert morsel["secure"] and morsel["httponly"] and morsel["path"] == "/" and name.startswith("__Host-"), line
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = (morsel.value, morsel["samesite"])
        return answer


def told(url: str) -> dict[str, str]:
    """What an address tells an app, besides what is the app's own."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items() if name != "lang"}


def state_of(url: str) -> str:
    """The state in an address of a provider."""
    found = re.search(r"[?&]state=([^&]+)", url)
    assert found, url
    return found[1]


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
