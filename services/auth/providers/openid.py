"""OpenID Connect: what an issuer publishes about itself, and whether an ID token is its word about this journey (Core 3.1.3.7).

The issuer, the client and the algorithms are ours to say; nothing in a token chooses how it is verified.
"""

import hmac
import threading
import time
from typing import Any

from joserfc import errors, jwt
from joserfc.jwk import KeySet

from services.auth.errors import AnswerUntrusted, ProviderUnavailable
from services.auth.providers import outward
from shared.logs import log

FRESH_SECONDS = 3600  # of metadata and keys
FAILED_SECONDS = 5  # for so long after a failure nobody else waits for the same
REFETCH_SECONDS = 30  # unknown keys cause at most one fetch in this time
LEEWAY_SECONDS = 60  # clocks of two companies differ
OLDEST_SECONDS = 600  # an ID token older than that belongs to another journey
MAX_TOKEN_CHARACTERS = 16_384
MAX_SUBJECT_CHARACTERS = 255  # Core 8
WANTED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Issuer:
    """One issuer. Threads share it; the last good keys outlive a failure to fetch."""

    def __init__(self, name: str, issuer: str, *, algorithms: tuple[str, ...]) -> None:
        self.name = name
        self.issuer = issuer
        self._algorithms = algorithms
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._metadata_at = self._keys_at = self._failed_at = float("-inf")

    def endpoint(self, name: str) -> str:
        """An address that the issuer publishes. Raises ProviderUnavailable."""
        with self._lock:
            if time.monotonic() - self._metadata_at > FRESH_SECONDS:
                address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
                self._metadata, self._metadata_at = self._checked(self._fetched(address)), time.monotonic()
            return str(self._metadata[name])

    def claims(self, token: Any, *, client_id: str, nonce: str) -> dict[str, Any]:
        """What a valid ID token says. Raises AnswerUntrusted, ProviderUnavailable."""
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS:
            raise AnswerUntrusted
        try:
            claims = self._verified(token)
        except errors.JoseError as reason:
            raise self._untrusted(type(reason).__name__) from reason
        except (ValueError, TypeError, KeyError, AttributeError) as reason:
            raise self._untrusted("malformed") from reason
        if wrong := self._wrong(claims, client_id=client_id, nonce=nonce):
            raise self._untrusted(wrong)
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            return self._decoded(token, self._key_set(FRESH_SECONDS))
        except (errors.InvalidKeyIdError, errors.BadSignatureError):  # perhaps it has rotated its keys
            return self._decoded(token, self._key_set(REFETCH_SECONDS))

    def _decoded(self, token: str, keys: dict[str, Any]) -> dict[str, Any]:
        decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(self._algorithms))  # type: ignore[arg-type]
        return dict(decoded.claims)

    def _key_set(self, oldest_seconds: float) -> dict[str, Any]:
        address = self.endpoint("jwks_uri")
        with self._lock:
            if time.monotonic() - self._keys_at > oldest_seconds:
                try:
                    found = self._fetched(address)
                    self._keys = {"keys": [key for key in found.get("keys", []) if key.get("kty") in {"RSA", "EC"}]}
                    self._keys_at = time.monotonic()
                except ProviderUnavailable:
                    if not self._keys:
                        raise
            return self._keys

    def _fetched(self, address: str) -> dict[str, Any]:
        """One thread at a time asks, and those who waited for a failure do not ask again."""
        if time.monotonic() - self._failed_at < FAILED_SECONDS:
            raise ProviderUnavailable(provider=self.name)
        try:
            return outward.document(self.name, address)
        except ProviderUnavailable:
            self._failed_at = time.monotonic()
            raise

    def _checked(self, found: dict[str, Any]) -> dict[str, Any]:
        scheme = self.issuer.partition("://")[0]
        are_its_own = all(str(found.get(each, "")).startswith(f"{scheme}://") for each in WANTED)
        if found.get("issuer") != self.issuer or not are_its_own:
            log(__name__).error("provider.misconfigured", provider=self.name, issuer=str(found.get("issuer"))[:200])
            raise ProviderUnavailable(provider=self.name)
        return found

    def _wrong(self, claims: dict[str, Any], *, client_id: str, nonce: str) -> str:
        now = time.time()
        expires, issued, subject = claims.get("exp"), claims.get("iat"), claims.get("sub")
        rules = {
            "iss": claims.get("iss") == self.issuer,
            "aud": claims.get("aud") in (client_id, [client_id]),
            "azp": claims.get("azp") in (None, client_id),
            "nonce": hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()),
            "exp": type(expires) is int and expires > now - LEEWAY_SECONDS,
            "iat": type(issued) is int and now - OLDEST_SECONDS < issued < now + LEEWAY_SECONDS,
            "sub": isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT_CHARACTERS,
        }
        return next((name for name, holds in rules.items() if not holds), "")

    def _untrusted(self, reason: str) -> AnswerUntrusted:
        log(__name__).warning("provider.untrusted", provider=self.name, reason=reason)
        return AnswerUntrusted(provider=self.name)
