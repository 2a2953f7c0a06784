"""Other issuers at work: their keys, kept and fetched; their tokens, verified; their word on opaque ones.

    issuer = world.foreign.named("https://tenant.eu.auth0.com/")
    claims = issuer.verified(token)      # a JWT: nobody is asked
    claims = issuer.asked(token)         # an opaque token: the issuer is

Rules: RFC 8725. `alg` and `kid` of a token only select among keys that the issuer publishes; nothing else in its header counts.
"""

import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import jwt

from services.auth import issuers
from services.auth.issuers import Issuer
from services.auth.outside import Denied, Outside, Unanswered
from shared.errors import Unavailable
from shared.identity import LEEWAY_SECONDS, REFETCH_SECONDS, KeySet, TokenExpired, TokenInvalid

REFUSED_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})
TYPES = frozenset({"jwt", "at+jwt"})
KEY_ID = re.compile(r"[A-Za-z0-9_.=-]{1,128}")
ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
SHORTEST_RSA_BITS = 2048  # RFC 7518 3.3
MOST_KEYS = 50
# A revocation is remembered for two days, so an older token could outlive the one that ended it.
OLDEST_SECONDS = 86_400
MAX_SUBJECT_CHARACTERS = 255  # OpenID Connect Core 2
ASKED_AT_ONCE = 4  # so that an issuer that is slow holds few of our threads


class IssuerUnavailable(Unavailable):
    """Whoever you signed in with is not answering as it should. Keep your token, and try again in a moment."""


class Foreign:
    """One issuer, and the keys it published."""

    def __init__(self, said: Issuer, outside: Outside) -> None:
        self.said = said
        self._outside = outside
        self._keys = KeySet(lambda: outside.ask(said.keys_at), read=self._usable)
        self._turns = threading.BoundedSemaphore(ASKED_AT_ONCE)

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a signed token. Raises TokenInvalid, TokenExpired, KeysUnknown."""
        if not self.said.takes_jwts:
            raise TokenInvalid
        try:
            algorithm, key = self._key_of(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self.said.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": False},
            )
            return self._checked(claims)
        except jwt.ExpiredSignatureError as reason:
            raise TokenExpired from reason
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as reason:
            raise TokenInvalid from reason

    def asked(self, token: str) -> dict[str, Any]:
        """What the issuer says of an opaque token's person. Raises TokenInvalid, IssuerUnavailable."""
        if not self._turns.acquire(blocking=False):
            raise IssuerUnavailable
        try:
            claims = self._outside.ask(self.said.userinfo_at, bearer=token)
        except Denied as reason:
            raise TokenInvalid from reason
        except Unanswered as reason:
            raise IssuerUnavailable from reason
        finally:
            self._turns.release()
        _check_subject(claims)
        return claims

    def told(self, claims: Mapping[str, Any], fact: str) -> str:
        """A fact of the claim map, such as `email`; empty where it is not told, or is no text."""
        found = _at(claims, getattr(self.said.claims, fact))
        return found if isinstance(found, str) else ""

    def is_email_verified(self, claims: Mapping[str, Any]) -> bool:
        """Whether the issuer is sure of the address: `true` and nothing that merely looks like it."""
        return _at(claims, self.said.claims.email_verified) is True

    def _key_of(self, header: Mapping[str, Any]) -> tuple[str, Any]:
        key_id, kind = header.get("kid"), header.get("typ", "JWT")
        if REFUSED_HEADERS & set(header) or not isinstance(kind, str) or kind.lower() not in TYPES:
            raise TokenInvalid
        if not isinstance(key_id, str) or not KEY_ID.fullmatch(key_id):
            raise TokenInvalid
        self._keys.keep_fresh(REFETCH_SECONDS)
        found = self._keys.find(key_id)
        if found is None or header.get("alg") != found[0]:
            raise TokenInvalid
        algorithm, key = found
        return algorithm, key

    def _checked(self, claims: dict[str, Any]) -> dict[str, Any]:
        if any(type(claims[name]) is not int for name in ("exp", "iat")):
            raise TokenInvalid
        if claims["iat"] < time.time() - OLDEST_SECONDS - LEEWAY_SECONDS:
            raise TokenExpired
        _check_subject(claims)
        audiences, said = claims.get("aud", []), self.said
        audiences = [audiences] if isinstance(audiences, str) else audiences
        if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
            raise TokenInvalid
        if said.audience and not set(audiences) & set(said.audience):
            raise TokenInvalid
        if said.authorized_parties and claims.get("azp") not in said.authorized_parties:
            raise TokenInvalid
        return claims

    def _usable(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The keys that sign with an algorithm of the settings. Raises ValueError where there is none: the old are kept."""
        found: dict[str, tuple[str, Any]] = {}
        for key in document["keys"][:MOST_KEYS]:
            algorithm = ALGORITHMS.get((key.get("kty"), key.get("crv")))
            is_meant = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
            usable = _public(key, algorithm) if algorithm in self.said.algorithms and is_meant else None
            if algorithm and usable:
                found.setdefault(str(key.get("kid")), (algorithm, usable))
        if not found:
            raise ValueError("no key that could be used")
        return found


class Registry:
    """Every issuer of the settings."""

    def __init__(self, setting: str) -> None:
        outside = Outside()
        self._by_name = {each.issuer: Foreign(each, outside) for each in issuers.parse(setting)}
        self.opaque = next((each for each in self._by_name.values() if each.said.opaque), None)

    def named(self, issuer: str) -> Foreign:
        """The issuer of exactly this name. Raises TokenInvalid."""
        if issuer not in self._by_name:
            raise TokenInvalid
        return self._by_name[issuer]

    def published(self) -> dict[str, Any]:
        """What the other services need to know, so that a bearer of anybody else costs no call."""
        return {
            "issuers": sorted(name for name, each in self._by_name.items() if each.said.takes_jwts),
            "opaque": self.opaque is not None,
        }


def _public(key: Mapping[str, Any], algorithm: str) -> Any:
    """The key, or None where it is broken or short: one such key must not take the others away."""
    try:
        public = jwt.PyJWK({name: key[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in key}, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return None if getattr(public, "key_size", SHORTEST_RSA_BITS) < SHORTEST_RSA_BITS and algorithm == "RS256" else public


def _check_subject(claims: Mapping[str, Any]) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS:
        raise TokenInvalid


def _at(claims: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
