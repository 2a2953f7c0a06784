"""Another issuer, as a real little server on loopback: its keys, what it says of people, and whatever lie a test asks for."""

import contextlib
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests import people
from tests.people import Person
from tests.security.signing import b64, segment
from tests.stack import Stack

AUDIENCE = "https://api.tutti.test"
Reply = Callable[[BaseHTTPRequestHandler], None]


class Key:
    """A key that it signs with."""

    def __init__(self, algorithm: str = "RS256", kid: str = "") -> None:
        self.algorithm = algorithm
        self.kid = kid or secrets.token_urlsafe(8)
        self.private: Any = {
            "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]()

    def jwk(self) -> dict[str, Any]:
        public = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, signed: str) -> str:
        return b64(jwt.get_algorithm_by_name(self.algorithm).sign(signed.encode(), self.private))


class Issuer:
    """`url` is its name. `people` are what its userinfo says by opaque token; `lies` replace an answer by path."""

    def __init__(self, path: str = "/") -> None:
        self.keys = [Key()]
        self.people: dict[str, dict[str, Any]] = {}
        self.lies: dict[str, Reply] = {}
        self.asked: Counter[str] = Counter()
        outer = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self.url = self.base + path
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked[request.path] += 1
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if lie := self.lies.get(request.path):
            lie(request)
        elif request.path.endswith("/.well-known/jwks.json"):
            send(request, {"keys": [key.jwk() for key in self.keys]})
        elif request.path.endswith("/userinfo") and token in self.people:
            time.sleep(0.1)  # so that questions asked at once overlap
            send(request, self.people[token])
        else:
            send(request, {"error": "invalid_token"}, status=401)

    @property
    def userinfo_asked(self) -> int:
        return sum(count for path, count in self.asked.items() if path.endswith("/userinfo"))

    @property
    def keys_asked(self) -> int:
        return sum(count for path, count in self.asked.items() if path.endswith("/jwks.json"))

    def opaque(self, subject: str = "", **claims: Any) -> str:
        """An opaque token of somebody, as Auth0 gives one to a client that asks for no audience: five parts, encrypted."""
        token = f"{segment({'alg': 'dir', 'enc': 'A256GCM'})}..{secrets.token_urlsafe(12)}.{secrets.token_urlsafe(60)}."
        token += secrets.token_urlsafe(12)
        self.people[token] = {"sub": subject or f"auth0|{secrets.token_hex(6)}", **claims}
        return token

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a good token; a value of None leaves the claim out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": f"auth0|{secrets.token_hex(6)}", "iat": now, "exp": now + 600}
        return {name: value for name, value in (good | changed).items() if value is not None}

    def token(self, *, key: Key | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Sign, whatever it says: with no library between that might mend it."""
        key = key or self.keys[0]
        head = {"alg": key.algorithm, "typ": "JWT", "kid": key.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        signed = f"{segment(head)}.{segment(self.claims(**claims))}"
        return f"{signed}.{key.sign(signed)}"


def send(request: BaseHTTPRequestHandler, document: Any, *, status: int = 200, **headers: str) -> None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    with contextlib.suppress(OSError):  # whoever asked has heard enough
        request.wfile.write(body)


class Elsewhere:
    """A Tutti that takes tokens of three issuers: like Auth0 (opaque ones, too), like Clerk, like Supabase."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.auth0, self.clerk, self.supabase = Issuer("/"), Issuer(""), Issuer("/auth/v1")
        self.supabase.keys = [Key("ES256")]
        self.clerk.keys = [Key("RS256"), Key("EdDSA")]
        opaque = {"opaque": True, "asked_again_seconds": 30}
        listed: list[dict[str, Any]] = [
            {"issuer": self.auth0.url, "audience": AUDIENCE, "algorithms": ["RS256"], "provider": "auth0", **opaque},
            {"issuer": self.clerk.url, "authorized_parties": ["https://app.test"], "provider": "clerk"},
            {"issuer": self.supabase.url, "audience": "authenticated", "claims": {"name": ["user_metadata", "full_name"]}},
        ]
        self.public_url = settings["PUBLIC_URL"]
        self.stack = Stack(home, FOREIGN_ISSUERS=json.dumps(listed), **settings)

    def stop(self) -> None:
        """Stop the issuers."""
        for each in (self.auth0, self.clerk, self.supabase):
            each.stop()

    def someone(self, token: str) -> Person:
        """Whoever holds this bearer, at the front door."""
        person = people.nobody(self.stack.url)
        person.http.headers["Authorization"] = f"Bearer {token}"
        return person

    def reached(self, url: str) -> str:
        """Where a public address of this Tutti is reached on this machine."""
        assert url.startswith(f"{self.public_url}/"), url
        return self.stack.url + url.removeprefix(self.public_url)
