"""Tokens that say they are an issuer's and are not."""

import hashlib
import hmac
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.auth.with_issuers.doors import DOORS, everywhere, statuses
from tests.issuer import AUDIENCE, Elsewhere, Key
from tests.security.signing import b64, segment

NOW = int(time.time())


class Forger:
    """Somebody who has seen the issuer's public keys, has accounts with it and with others, and tries everything."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self.issuer, self.elsewhere = elsewhere.auth0, elsewhere
        self.own = Key("RS256", kid=self.issuer.keys[0].kid)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/keys.json"

    def good(self, **claims: Any) -> str:
        return self.issuer.token(**{"sub": "auth0|victim"} | claims)

    def headed(self, **header: Any) -> str:
        return self.issuer.token(sub="auth0|victim", header=header)

    def owned(self, **header: Any) -> str:
        return self.issuer.token(key=self.own, sub="auth0|victim", header=header)

    def unsigned(self, alg: str) -> str:
        head = {"alg": alg, "typ": "JWT", "kid": self.issuer.keys[0].kid}
        return f"{segment(head)}.{segment(self.issuer.claims(sub='auth0|victim'))}."

    def hmac_signed(self, encoding: Encoding | None) -> str:
        public = self.issuer.keys[0].private.public_key()
        key = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo) if encoding else b""
        head = {"alg": "HS256", "typ": "JWT", "kid": self.issuer.keys[0].kid}
        signed = f"{segment(head)}.{segment(self.issuer.claims(sub='auth0|victim'))}"
        return f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"


FORGERIES: dict[str, Callable[[Forger], str]] = {
    "a mock value": lambda it: "mock-token",
    "a word": lambda it: "undefined",
    "our own name as issuer": lambda it: it.good(iss="tutti", aud="tutti-api"),
    "alg none": lambda it: it.unsigned("none"),
    "alg nOnE": lambda it: it.unsigned("nOnE"),
    "HS256 with the public PEM": lambda it: it.hmac_signed(Encoding.PEM),
    "HS256 with the public DER": lambda it: it.hmac_signed(Encoding.DER),
    "HS256 with nothing": lambda it: it.hmac_signed(None),
    "RS512 in the header": lambda it: it.headed(alg="RS512"),
    "alg a list": lambda it: it.headed(alg=["RS256"]),
    "an algorithm that is not configured": lambda it: it.issuer.token(key=Key("ES256", kid=it.issuer.keys[0].kid)),
    "another key": lambda it: it.owned(),
    "signature stripped": lambda it: it.good().rpartition(".")[0] + ".",
    "signature of another token": lambda it: it.good().rpartition(".")[0] + "." + it.good(jti="x").rpartition(".")[2],
    "claims exchanged": lambda it: ".".join(
        [it.good().split(".")[0], segment(it.issuer.claims(sub="auth0|admin")), it.good().split(".")[2]]
    ),
    "embedded jwk": lambda it: it.owned(jwk=it.own.jwk()),
    "jku": lambda it: it.owned(jku=it.url),
    "jku beside a good signature": lambda it: it.headed(jku=it.url),
    "x5u": lambda it: it.owned(x5u=it.url),
    "x5c": lambda it: it.headed(x5c=["MIIB"]),
    "crit": lambda it: it.headed(crit=["exp"]),
    "kid a path": lambda it: it.headed(kid="../../dev/null"),
    "kid a list": lambda it: it.headed(kid=[it.issuer.keys[0].kid]),
    "kid unknown": lambda it: it.headed(kid="unknown"),
    "kid of another issuer": lambda it: it.headed(kid=it.elsewhere.clerk.keys[0].kid),
    "no kid": lambda it: it.headed(kid=None),
    "typ of our services": lambda it: it.headed(typ="st+jwt"),
    "typ a number": lambda it: it.headed(typ=1),
    "another issuer": lambda it: it.good(iss="https://evil.example/"),
    "the issuer with more behind": lambda it: it.good(iss=it.issuer.url + "evil"),
    "the issuer with more before": lambda it: it.good(iss="x" + it.issuer.url),
    "the issuer without its slash": lambda it: it.good(iss=it.issuer.url.rstrip("/")),
    "the issuer in capitals": lambda it: it.good(iss=it.issuer.url.upper()),
    "issuers in a list": lambda it: it.good(iss=[it.issuer.url]),
    "signed by another issuer that counts": lambda it: it.issuer.token(key=it.elsewhere.clerk.keys[0], sub="auth0|victim"),
    "no issuer": lambda it: it.good(iss=None),
    "another audience": lambda it: it.good(aud="https://other.test"),
    "other audiences": lambda it: it.good(aud=["https://other.test", AUDIENCE + "/"]),
    "audiences that are no text": lambda it: it.good(aud=[AUDIENCE, 1]),
    "an audience with more behind": lambda it: it.good(aud=AUDIENCE + "x"),
    "no audience": lambda it: it.good(aud=None),
    "another issuer's audience": lambda it: it.good(aud="authenticated"),
    "Clerk without a party": lambda it: it.elsewhere.clerk.token(aud=None),
    "Clerk for another party": lambda it: it.elsewhere.clerk.token(aud=None, azp="https://evil.test"),
    "expired": lambda it: it.good(iat=NOW - 900, exp=NOW - 60),
    "no exp": lambda it: it.good(exp=None),
    "exp a string": lambda it: it.good(exp=str(NOW + 600)),
    "exp a fraction": lambda it: it.good(exp=NOW + 600.5),
    "not yet": lambda it: it.good(nbf=int(time.time()) + 120),
    "iat in ten minutes": lambda it: it.good(iat=int(time.time()) + 600),
    "iat three days ago": lambda it: it.good(iat=NOW - 3 * 86_400),
    "no iat": lambda it: it.good(iat=None),
    "no subject": lambda it: it.good(sub=None),
    "an empty subject": lambda it: it.good(sub=""),
    "a subject of 300 characters": lambda it: it.good(sub="x" * 300),
    "a subject with NUL": lambda it: it.good(sub="auth0|victim\0"),
    "a subject that is a number": lambda it: it.good(sub=7),
}


@pytest.fixture(scope="module")
def forger(elsewhere: Elsewhere) -> Iterator[Forger]:
    forging = Forger(elsewhere)
    yield forging
    forging.listener.close()


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_gets_in_nowhere(elsewhere: Elsewhere, forger: Forger, name: str) -> None:
    """SECURITY 19, 21, 22, 24, 25, 27."""
    person = elsewhere.someone(FORGERIES[name](forger))
    before = elsewhere.auth0.userinfo_asked

    answers = {service: person.get(path) for service, path in DOORS.items()}

    assert {service: answer.status_code for service, answer in answers.items()} == everywhere(401)
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers.values())
    assert elsewhere.auth0.userinfo_asked == before


def test_no_address_in_a_token_is_ever_asked(elsewhere: Elsewhere, forger: Forger) -> None:
    """SECURITY 21."""
    for name in ("jku", "jku beside a good signature", "x5u"):
        assert statuses(elsewhere.someone(FORGERIES[name](forger))) == everywhere(401)

    with pytest.raises(BlockingIOError):
        forger.listener.accept()
