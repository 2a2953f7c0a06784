"""The keys of issuers: fetched, kept while they are down, exchanged."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.auth import foreign, issuers
from services.auth.foreign import Foreign
from services.auth.outside import Outside
from shared import identity
from tests.auth.with_issuers.doors import everywhere, statuses
from tests.issuer import AUDIENCE, Elsewhere, Issuer, Key, send


def test_key_ids_that_nobody_knows_cost_one_question(elsewhere: Elsewhere) -> None:
    """SECURITY 31."""
    elsewhere.someone(elsewhere.auth0.token()).get("/files")
    before = elsewhere.auth0.keys_asked

    for number in range(30):
        assert elsewhere.someone(elsewhere.auth0.token(header={"kid": f"k{number}"})).get("/files").status_code == 401

    assert elsewhere.auth0.keys_asked - before <= 1


def test_known_keys_count_while_the_issuer_is_down(elsewhere: Elsewhere) -> None:
    """SECURITY 30."""
    elsewhere.someone(elsewhere.auth0.token()).get("/files")
    elsewhere.auth0.lies["/.well-known/jwks.json"] = lambda request: send(request, b"down", status=500)

    assert statuses(elsewhere.someone(elsewhere.auth0.token())) == everywhere(200)


def test_an_issuer_exchanges_its_keys_without_anybody_noticing(monkeypatch: pytest.MonkeyPatch) -> None:
    """SECURITY 30, 31: the next key counts as soon as it is published, a key that is taken back no longer."""
    issuer = Issuer()
    (said,) = issuers.parse(json.dumps([{"issuer": issuer.url, "audience": AUDIENCE}]))
    taking, old, new = Foreign(said, Outside()), issuer.keys[0], Key("ES256")
    assert taking.verified(issuer.token(key=old))
    issuer.keys = [old, new]

    with pytest.raises(identity.TokenInvalid):
        taking.verified(issuer.token(key=new))  # the keys were fetched a moment ago
    monkeypatch.setattr(identity, "REFETCH_SECONDS", 0)
    assert taking.verified(issuer.token(key=new))
    assert taking.verified(issuer.token(key=old))
    issuer.keys = [new]
    monkeypatch.setattr(foreign, "REFETCH_SECONDS", 0)
    monkeypatch.setattr(identity, "KEYS_FRESH_SECONDS", 0)

    assert taking.verified(issuer.token(key=new))
    with pytest.raises(identity.TokenInvalid):
        taking.verified(issuer.token(key=old))
    issuer.keys = []  # no keys at all is no answer
    assert taking.verified(issuer.token(key=new))
    issuer.stop()


BAD_KEYS: dict[str, Callable[[Key], dict[str, Any]]] = {
    "for encryption": lambda it: it.jwk() | {"use": "enc"},
    "of another algorithm": lambda it: it.jwk() | {"alg": "RS512"},
    "symmetric": lambda it: {"kty": "oct", "k": "c2VjcmV0", "kid": it.kid, "alg": "HS256"},
    "broken": lambda it: it.jwk() | {"n": "!!!"},
    "short": lambda it: it.jwk() | {"n": "u" * 171},
    "without an id": lambda it: {name: value for name, value in it.jwk().items() if name != "kid"},
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_key_that_does_not_count_takes_none_of_the_others_away(name: str) -> None:
    """SECURITY 20, 29."""
    issuer, bad = Issuer(), Key("RS256")
    published = {"keys": [BAD_KEYS[name](bad), issuer.keys[0].jwk()]}
    issuer.lies["/.well-known/jwks.json"] = lambda request: send(request, published)
    (said,) = issuers.parse(json.dumps([{"issuer": issuer.url, "audience": AUDIENCE}]))
    taking = Foreign(said, Outside())

    assert taking.verified(issuer.token())
    with pytest.raises(identity.TokenInvalid):
        taking.verified(issuer.token(key=bad))
    issuer.stop()
