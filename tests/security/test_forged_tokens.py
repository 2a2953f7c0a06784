"""Nothing but a token of auth's, for this API, in its time, in the Authorization header, gets in: at every service."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared import identity, ids, services
from tests import people
from tests.people import Person
from tests.security.signing import Signer, b64, segment
from tests.stack import Stack


class Forger:
    """Somebody who has seen the public keys, holds a good token of their own, and tries everything."""

    def __init__(self, stack: Stack, person: Person) -> None:
        assert person.id is not None
        self.stack, self.person, self.user_id = stack, person, person.id
        self.signer = Signer(stack)
        self.own_key = ec.generate_private_key(ec.SECP256R1())
        self.http = httpx2.Client(trust_env=False)  # one for all: a fresh one takes longer than a request
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/keys.json"

    @property
    def good(self) -> str:
        return self.signer.token(self.claims())

    def claims(self, **changed: Any) -> dict[str, Any]:
        return self.signer.claims(self.user_id, **changed)

    def with_claims(self, **changed: Any) -> str:
        return self.signer.token(self.claims(**changed))

    def with_header(self, **changed: Any) -> str:
        return self.signer.token(self.claims(), self.signer.header(**changed))

    def unsigned(self, alg: str | None) -> str:
        return f"{segment(self.signer.header(alg=alg))}.{segment(self.claims())}."

    def hmac_signed(self, key: bytes) -> str:
        signed = f"{segment(self.signer.header(alg='HS256'))}.{segment(self.claims())}"
        return f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"

    def own_signed(self, **header: Any) -> str:
        signed = f"{segment(self.signer.header(**header))}.{segment(self.claims())}"
        return f"{signed}.{b64(jwt.get_algorithm_by_name('ES256').sign(signed.encode(), self.own_key))}"

    def own_jwk(self) -> dict[str, Any]:
        return json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(self.own_key.public_key()))  # type: ignore[no-any-return]

    def jwks(self) -> dict[str, Any]:
        return self.person.get("/.well-known/jwks.json").json()  # type: ignore[no-any-return]

    def public(self, encoding: Encoding) -> bytes:
        return self.signer.key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]

    def parts(self) -> list[str]:
        return self.good.split(".")

    def with_signature(self, signature: bytes) -> str:
        return ".".join([*self.parts()[:2], b64(signature)])

    def raw(self, header: bytes, payload: bytes) -> str:
        signed = f"{b64(header)}.{b64(payload)}"
        return f"{signed}.{self.signer.signature(signed)}"

    def repeated_header(self) -> str:
        header = json.dumps(self.signer.header())[:-1] + ', "alg": "none"}'
        return self.raw(header.encode(), json.dumps(self.claims()).encode())

    def of_a_service(self) -> str:
        keys = json.loads(self.stack.secret("auth", "internal_keys"))
        peer = next(iter(keys))
        key = base64.b64decode(keys[peer])
        return identity.sign_internal(caller=peer, audience="auth", key=key, user_id=self.user_id, session_id=ids.new())


NOW = int(time.time())
FORGERIES: dict[str, Callable[[Forger], str]] = {
    # algorithms
    "alg none": lambda it: it.unsigned("none"),
    "alg None": lambda it: it.unsigned("None"),
    "alg nOnE": lambda it: it.unsigned("nOnE"),
    "no alg": lambda it: it.unsigned(None),
    "HS256 with the public PEM": lambda it: it.hmac_signed(it.public(Encoding.PEM)),
    "HS256 with the public DER": lambda it: it.hmac_signed(it.public(Encoding.DER)),
    "HS256 with nothing": lambda it: it.hmac_signed(b""),
    "HS256 with the JWK": lambda it: it.hmac_signed(json.dumps(it.jwks()["keys"][0]).encode()),
    "HS256 with the JWKS": lambda it: it.hmac_signed(json.dumps(it.jwks()).encode()),
    "RS256 in the header": lambda it: it.with_header(alg="RS256"),
    "ES384 in the header": lambda it: it.with_header(alg="ES384"),
    "alg a list": lambda it: it.with_header(alg=["ES256"]),
    # signatures
    "r = s = 0": lambda it: it.with_signature(b"\0" * 64),
    "empty signature": lambda it: it.with_signature(b""),
    "signature stripped": lambda it: ".".join(it.parts()[:2]),
    "signature of another token": lambda it: ".".join([*it.parts()[:2], it.with_claims(jti="x").split(".")[2]]),
    "signature in DER": lambda it: it.with_signature(b"\x30\x44" + b"\x02\x20" + b"\x01" * 32 + b"\x02\x20" + b"\x01" * 32),
    "signature cut": lambda it: it.good[:-4],
    "claims exchanged": lambda it: ".".join([it.parts()[0], segment(it.claims(roles=["admin"])), it.parts()[2]]),
    "another key": lambda it: it.own_signed(),
    # shapes
    "four segments": lambda it: it.good + ".a",
    "one segment": lambda it: it.good.replace(".", ""),
    "padding": lambda it: it.good + "=",
    "exclamation marks": lambda it: it.good.replace(".", ".!!!", 1),
    "white space inside": lambda it: it.good.replace(".", ". ", 1),
    "12 KB": lambda it: it.with_claims(more="x" * 10_000),
    "deep payload": lambda it: it.raw(json.dumps(it.signer.header()).encode(), b"[" * 1_200 + b"]" * 1_200),
    "payload a list": lambda it: it.raw(json.dumps(it.signer.header()).encode(), b"[]"),
    "payload no JSON": lambda it: it.raw(json.dumps(it.signer.header()).encode(), b"hello"),
    "header no JSON": lambda it: it.raw(b"hello", json.dumps(it.claims()).encode()),
    "header a list": lambda it: it.raw(b"[]", json.dumps(it.claims()).encode()),
    "header repeats alg": lambda it: it.repeated_header(),
    "not a token": lambda it: "opaque-token-of-somebody-else",
    # headers
    "embedded jwk": lambda it: it.own_signed(jwk=it.own_jwk()),
    "embedded jwk, no kid": lambda it: it.own_signed(jwk=it.own_jwk(), kid=None),
    "jku": lambda it: it.own_signed(jku=it.url),
    "x5u": lambda it: it.own_signed(x5u=it.url),
    "x5c": lambda it: it.own_signed(x5c=["MIIB"]),
    "jku beside a good signature": lambda it: it.with_header(jku=it.url),
    "kid a path": lambda it: it.with_header(kid="../../dev/null"),
    "kid SQL": lambda it: it.with_header(kid="x' UNION SELECT 'a"),
    "kid a list": lambda it: it.with_header(kid=[it.signer.kid]),
    "kid a number": lambda it: it.with_header(kid=1),
    "kid of 2 KB": lambda it: it.with_header(kid="k" * 2_000),
    "kid unknown": lambda it: it.with_header(kid="unknown"),
    "no kid": lambda it: it.with_header(kid=None),
    "crit unknown": lambda it: it.with_header(crit=["exp"]),
    "crit b64": lambda it: it.with_header(crit=["b64"], b64=False),
    "no typ": lambda it: it.with_header(typ=None),
    "typ JWT": lambda it: it.with_header(typ="JWT"),
    "typ of media's capabilities": lambda it: it.with_header(typ="mt+jwt"),
    "typ DPoP": lambda it: it.with_header(typ="dpop+jwt"),
    "typ in capitals": lambda it: it.with_header(typ="AT+JWT"),
    # claims
    "no exp": lambda it: it.with_claims(exp=None),
    "exp a string": lambda it: it.with_claims(exp=str(NOW + 600)),
    "exp a fraction": lambda it: it.with_claims(exp=NOW + 600.5),
    "exp a list": lambda it: it.with_claims(exp=[NOW + 600]),
    "exp in the year 9999": lambda it: it.with_claims(exp=253_402_300_799),
    "a life of a day": lambda it: it.with_claims(exp=int(time.time()) + 86_400),
    "exp before iat": lambda it: it.with_claims(iat=int(time.time()), exp=int(time.time())),
    "expired": lambda it: it.with_claims(iat=NOW - 700, nbf=NOW - 700, exp=NOW - 60),
    "nbf in a minute": lambda it: it.with_claims(nbf=int(time.time()) + 60),
    "no nbf": lambda it: it.with_claims(nbf=None),
    "iat in ten minutes": lambda it: it.with_claims(iat=int(time.time()) + 600, exp=int(time.time()) + 1_200),
    "no iat": lambda it: it.with_claims(iat=None),
    "iat a truth": lambda it: it.with_claims(iat=True),
    "no iss": lambda it: it.with_claims(iss=None),
    "another iss": lambda it: it.with_claims(iss="https://evil.example"),
    "iss with more before": lambda it: it.with_claims(iss="not-tutti"),
    "iss with more behind": lambda it: it.with_claims(iss="tutti.evil.example"),
    "iss a list": lambda it: it.with_claims(iss=["tutti"]),
    "no aud": lambda it: it.with_claims(aud=None),
    "another aud": lambda it: it.with_claims(aud="media"),
    "aud a list with us": lambda it: it.with_claims(aud=["tutti-api", "other"]),
    "no sub": lambda it: it.with_claims(sub=None),
    "sub a number": lambda it: it.with_claims(sub=1),
    "sub empty": lambda it: it.with_claims(sub=""),
    "sub no UUID": lambda it: it.with_claims(sub="admin"),
    "no jti": lambda it: it.with_claims(jti=None),
    "jti empty": lambda it: it.with_claims(jti=""),
    "no sid": lambda it: it.with_claims(sid=None),
    "sid no UUID": lambda it: it.with_claims(sid="x"),
    "roles a word": lambda it: it.with_claims(roles="admin"),
    "roles of numbers": lambda it: it.with_claims(roles=[1]),
    "zoneinfo a number": lambda it: it.with_claims(zoneinfo=1),
    # other kinds of token
    "a refresh token": lambda it: it.person.refresh_token,
    "type refresh": lambda it: it.with_claims(type="refresh"),
    "type id_token": lambda it: it.with_claims(type="id_token"),
    "a service's token": lambda it: it.of_a_service(),
}
ELSEWHERE: dict[str, Callable[[Forger], dict[str, Any]]] = {
    "in the query": lambda it: {"params": {"token": it.good, "access_token": it.good}},
    "in a cookie": lambda it: {"headers": {"Cookie": f"access_token_cookie={it.good}; access_token={it.good}"}},
    "in another header": lambda it: {"headers": {"X-Authorization": f"Bearer {it.good}", "X-Access-Token": it.good}},
    "as Basic": lambda it: {"headers": {"Authorization": f"Basic {it.good}"}},
    "without a scheme": lambda it: {"headers": {"Authorization": it.good}},
    "an empty bearer": lambda it: {"headers": {"Authorization": "Bearer"}},
    "twice": lambda it: {"headers": [("Authorization", f"Bearer {it.good}"), ("Authorization", f"Bearer {it.good}")]},
    "two in one": lambda it: {"headers": {"Authorization": f"Bearer {it.good}, Bearer {it.good}"}},
    "as somebody by header": lambda it: {"headers": {"X-User-Id": str(it.user_id), "X-Forwarded-User": str(it.user_id)}},
}


@pytest.fixture(scope="module")
def forger(stack: Stack) -> Iterator[Forger]:
    person = people.sign_up(stack.url, "mallory")
    forging = Forger(stack, person)
    yield forging
    forging.listener.close()
    forging.http.close()
    person.http.close()


@pytest.fixture(scope="module")
def doors(stack: Stack) -> dict[str, str]:
    """One protected address of every service: the first GET that needs a token and nothing else, past the gateway."""
    found = {}
    for name in services.names():
        document = httpx2.get(f"{stack.service_url(name)}/openapi/{name}.json").json()
        paths = (
            path
            for path, operations in document["paths"].items()
            if "{" not in path
            and operations.get("get", {}).get("security")
            and not any(each.get("required") for each in operations["get"].get("parameters", []))
        )
        found[name] = stack.service_url(name) + next(paths)
    return found


@pytest.mark.parametrize("service", services.names())
def test_a_good_token_gets_in(forger: Forger, doors: dict[str, str], service: str) -> None:
    for token in (forger.person.token, forger.good):
        assert forger.http.get(doors[service], headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("service", services.names())
def test_a_forged_token_does_not(forger: Forger, doors: dict[str, str], service: str, name: str) -> None:
    answer = forger.http.get(doors[service], headers={"Authorization": f"Bearer {FORGERIES[name](forger)}"})

    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    # /api/user/profile is seed 004's and has its shape; everywhere else it is a problem document.
    assert answer.headers["content-type"] == ("application/json" if service == "auth" else "application/problem+json")


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("service", services.names())
def test_a_good_token_in_the_wrong_place_does_not(forger: Forger, doors: dict[str, str], service: str, name: str) -> None:
    answer = forger.http.get(doors[service], **ELSEWHERE[name](forger))

    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_no_address_in_a_token_was_ever_asked(forger: Forger, doors: dict[str, str]) -> None:
    for name in ("jku", "x5u", "jku beside a good signature"):
        for door in doors.values():
            forger.http.get(door, headers={"Authorization": f"Bearer {FORGERIES[name](forger)}"})

    with pytest.raises(BlockingIOError):
        forger.listener.accept()
