"""Keys survive auth's absence, and a revoked sign-in is out."""

import base64
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared import identity, ids
from shared.errors import NotSignedIn
from shared.identity import KeySet, KeysUnknown, Revocations, RevocationsUnknown, TokenInvalid, TokenRevoked, Verifier

ALICE, SIGN_IN = ids.new(), ids.new()


class Auth:
    """A stand-in for what auth publishes, that counts how often it is asked."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.asked = 0
        self.is_up = True
        self.revoked: list[dict[str, Any]] = []

    def keys(self) -> Mapping[str, Any]:
        self.asked += 1
        if not self.is_up:
            raise ConnectionError
        numbers = self.private.public_key().public_numbers()
        x, y = (base64.urlsafe_b64encode(n.to_bytes(32)).decode().rstrip("=") for n in (numbers.x, numbers.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "k1", "alg": "ES256", "use": "sig"}]}

    def revocations(self, _after: str) -> Mapping[str, Any]:
        if not self.is_up:
            raise ConnectionError
        return {"next": "1", "revoked": self.revoked}

    def token(self, kid: str = "k1") -> str:
        now = int(time.time())
        claims = {"iss": "tutti", "aud": "tutti-api", "sub": str(ALICE), "sid": str(SIGN_IN), "gen": 0, "jti": "x"}
        claims |= {"iat": now, "nbf": now, "exp": now + 600, "roles": ["admin"], "zoneinfo": "Europe/Prague", "type": "access"}
        return jwt.encode(claims, self.private, algorithm="ES256", headers={"kid": kid, "typ": "at+jwt"})


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def verifier(auth: Auth) -> Verifier:
    keys, revocations = KeySet(auth.keys), Revocations(auth.revocations)
    revocations.poll()
    return Verifier(issuer="tutti", audience="tutti-api", max_lifetime_seconds=3600, keys=keys, revocations=revocations)


def bearer(token: str) -> list[str]:
    return [f"Bearer {token}"]


def test_a_good_token_names_its_person(auth: Auth, verifier: Verifier) -> None:
    caller = verifier.caller(bearer(auth.token()), changes_something=True)

    assert (caller.id, caller.session_id, caller.zone, caller.is_admin) == (ALICE, SIGN_IN, "Europe/Prague", True)


def test_keys_are_kept_while_auth_is_away(auth: Auth, verifier: Verifier) -> None:
    verifier.caller(bearer(auth.token()), changes_something=False)
    auth.is_up = False
    verifier.keys.refresh()

    assert verifier.caller(bearer(auth.token()), changes_something=False).id == ALICE


def test_a_good_token_is_not_called_bad_before_auth_was_reached(auth: Auth, verifier: Verifier) -> None:
    auth.is_up = False

    with pytest.raises(KeysUnknown):
        verifier.caller(bearer(auth.token()), changes_something=False)


def test_a_thousand_unknown_key_ids_cause_one_fetch(auth: Auth, verifier: Verifier) -> None:
    verifier.caller(bearer(auth.token()), changes_something=False)
    verifier.keys._tried_at -= identity.REFETCH_SECONDS + 1
    before = auth.asked
    for number in range(1_000):
        with pytest.raises(TokenInvalid):
            verifier.caller(bearer(auth.token(kid=f"other-{number}")), changes_something=False)

    assert auth.asked - before == 1


@pytest.mark.parametrize("whose", ["session_id", "user_id"])
def test_a_revoked_token_is_out_even_when_it_was_verified_before(auth: Auth, verifier: Verifier, whose: str) -> None:
    token = auth.token()
    verifier.caller(bearer(token), changes_something=False)
    auth.revoked.append({whose: str(SIGN_IN if whose == "session_id" else ALICE), "before": int(time.time())})
    verifier.revocations.poll()

    with pytest.raises(TokenRevoked):
        verifier.caller(bearer(token), changes_something=False)


def test_nothing_is_changed_while_revocations_are_unknown(auth: Auth, verifier: Verifier) -> None:
    verifier.revocations._fresh_at -= identity.STALE_SECONDS + 1

    assert verifier.caller(bearer(auth.token()), changes_something=False).id == ALICE
    with pytest.raises(RevocationsUnknown):
        verifier.caller(bearer(auth.token()), changes_something=True)


def test_a_bearer_that_is_not_ours_is_refused_without_any_call(auth: Auth, verifier: Verifier) -> None:
    stranger = jwt.encode({"iss": "https://elsewhere.example/", "sub": "x"}, auth.private, algorithm="ES256")

    for token in ("mock-token", "opaque", stranger):
        with pytest.raises(TokenInvalid):
            verifier.caller(bearer(token), changes_something=False)
    assert auth.asked == 0


@pytest.mark.parametrize(
    "headers", [[], ["Basic YTpi"], ["Bearer"], ["Bearer "], ["Bearer a", "Bearer b"], ["Bearer " + "x" * 5_000]]
)
def test_what_is_not_one_bearer_token_is_not_signed_in(verifier: Verifier, headers: list[str]) -> None:
    with pytest.raises(NotSignedIn):
        verifier.caller(headers, changes_something=False)


def test_an_internal_token_is_good_for_one_pair_and_one_audience() -> None:
    key, other = b"k" * 32, b"o" * 32
    token = identity.sign_internal(caller="sessions", audience="media", key=key, user_id=ALICE, session_id=SIGN_IN)
    caller = identity.verify_internal(bearer(token), audience="media", keys={"sessions": key})

    assert (caller.service, caller.user_id, caller.session_id) == ("sessions", ALICE, SIGN_IN)
    for audience, keys in [("auth", {"sessions": key}), ("media", {"sessions": other}), ("media", {"auth": key})]:
        with pytest.raises(TokenInvalid):
            identity.verify_internal(bearer(token), audience=audience, keys=keys)


def test_a_users_token_is_no_internal_token(auth: Auth) -> None:
    with pytest.raises(TokenInvalid):
        identity.verify_internal(bearer(auth.token()), audience="media", keys={"tutti": b"k" * 32})


def test_ids_in_tokens_are_uuids(auth: Auth, verifier: Verifier) -> None:
    assert isinstance(verifier.caller(bearer(auth.token()), changes_something=False).id, UUID)
