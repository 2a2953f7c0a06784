"""Who is calling: strict verification of access tokens, the keys and revocations it needs, and the tokens services send
each other.

PyJWT and flask-jwt-extended take a token without `exp`, with a foreign `aud` or of another kind (measured), so both
shells ask this module instead. Rules: RFC 8725 and RFC 9068 (`typ: at+jwt`).
"""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import jwt

from shared import clock, ids
from shared.errors import NotSignedIn, Unavailable
from shared.logs import log

ACCESS_TYPE = "at+jwt"
INTERNAL_TYPE = "st+jwt"
MAX_TOKEN_CHARACTERS = 4096  # ours have about 700
LEEWAY_SECONDS = 5  # clocks of two machines differ
KEYS_FRESH_SECONDS = 300
REFETCH_SECONDS = 30  # unknown key ids cause at most one fetch in this time
POLL_SECONDS = 2  # with the answer's way back, a revocation is everywhere within 5 s
STALE_SECONDS = 60  # a revocation list older than this stops writes
CACHE_TOKENS = 10_000  # verified tokens kept, about 1 KB each
INTERNAL_SECONDS = 60
MARKS_KEPT_SECONDS = 2 * 86_400  # tokens and playable addresses live a day at most (settings): an older mark ends nothing
SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
NO_ISSUERS: Mapping[str, Any] = {"issuers": [], "opaque": False}
CLAIMS = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "sid", "gen"]


class TokenInvalid(NotSignedIn):
    """Invalid JWT Token"""

    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class TokenExpired(NotSignedIn):
    """Expired JWT Token"""

    headers = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="expired"'}


class TokenRevoked(NotSignedIn):
    """This sign-in has ended. Sign in again."""

    headers = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="revoked"'}


class KeysUnknown(Unavailable):
    """Your token cannot be checked just now. Keep it, and try again in a moment."""


class RevocationsUnknown(Unavailable):
    """It cannot be told just now whether your sign-in still holds, so nothing is changed. Try again in a moment."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a request. `zone` is an IANA time zone, or empty where the token names none."""

    id: UUID
    session_id: UUID
    roles: tuple[str, ...]
    zone: str
    issued_at: int
    expires_at: int

    @property
    def is_admin(self) -> bool:
        """Whether the administrator's routes are open to this person."""
        return "admin" in self.roles


class KeySet:
    """The public keys of auth, by key id, from its JWKS. The last good set outlives every failure to fetch."""

    def __init__(
        self, fetch: Callable[[], Mapping[str, Any]], *, read: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    ) -> None:
        """`read` makes keys by id of what `fetch` answers; by default auth's own."""
        self._fetch = fetch
        self._read = read or _own_keys
        self._keys: dict[str, Any] = {}
        self._foreign: Mapping[str, Any] = NO_ISSUERS
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the keys that are known."""
        return frozenset(self._keys)

    def find(self, key_id: str) -> Any:
        """The key, or None. Fetches for an unknown id, at most every 30 seconds. Raises KeysUnknown before there is any."""
        if key_id not in self._keys:
            self._fetch_again(REFETCH_SECONDS if self._keys else POLL_SECONDS)
        if not self._keys:
            raise KeysUnknown
        return self._keys.get(key_id)

    def foreign(self) -> Mapping[str, Any]:
        """Which other issuers auth takes tokens of: `{"issuers": [names], "opaque": bool}`. Raises KeysUnknown."""
        if not self._keys:
            self._fetch_again(POLL_SECONDS)
        if not self._keys:
            raise KeysUnknown
        return self._foreign

    def keep_fresh(self, retry_seconds: float = POLL_SECONDS) -> None:
        """Fetch when the set is old; asked every few seconds, so that no request has to wait for it."""
        if time.monotonic() - self._fetched_at > KEYS_FRESH_SECONDS:
            self._fetch_again(retry_seconds)

    def check(self) -> None:
        """For `/ready`: raises LookupError where there is no key to verify with, after asking for some."""
        if not self._keys:
            self.refresh()
        if not self._keys:
            raise LookupError

    def _fetch_again(self, after_seconds: float) -> None:
        """Fetch unless it was tried so shortly before. Who finds another thread at it waits only where there is no key."""
        if not self._lock.acquire(blocking=not self._keys):
            return
        try:
            if time.monotonic() - self._tried_at > after_seconds:
                self.refresh()
        finally:
            self._lock.release()

    def refresh(self) -> None:
        """Fetch now. Failure keeps what there is, and is logged."""
        try:
            self._tried_at = time.monotonic()
            document = self._fetch()
            self._keys = self._read(document)
            self._foreign = document.get("foreign", NO_ISSUERS)
            self._fetched_at = self._tried_at
        except Exception as reason:
            log(__name__).warning("keys.not_fetched", reason=repr(reason))


class Revocations:
    """Which sign-ins and people have lost their tokens, as auth says every few seconds."""

    def __init__(self, fetch: Callable[[str], Mapping[str, Any]]) -> None:
        """`fetch(after)` answers `{"next": cursor, "revoked": [{"session_id" or "user_id", "before": unix seconds}], "key_ids":
        [the keys that count]}`.
        """
        self._fetch = fetch
        self._after = ""
        self.key_ids: frozenset[str] = frozenset()
        self._before: dict[str, int] = {}
        self._fresh_at = float("-inf")

    def check(self) -> None:
        """For `/ready`: raises LookupError where the list is too old to change anything by."""
        if self.age_seconds > STALE_SECONDS:
            raise LookupError

    def poll(self) -> None:
        """Ask once. Failure keeps what is known, and lets it age."""
        try:
            answer = self._fetch(self._after)
            for each in answer["revoked"]:
                key = str(each.get("session_id") or each["user_id"])
                self._before[key] = max(int(each["before"]), self._before.get(key, 0))
            self._after = str(answer["next"])
            self.key_ids = frozenset(answer.get("key_ids", ()))
            self._fresh_at = time.monotonic()
            self._forget(int(clock.now().timestamp()))
        except Exception as reason:
            log(__name__).warning("revocations.not_fetched", reason=repr(reason))

    @property
    def age_seconds(self) -> float:
        """How old the newest good answer is; infinite before the first."""
        return time.monotonic() - self._fresh_at

    def covers(self, caller: Caller) -> bool:
        """Whether the caller's token was issued before its sign-in or its person was revoked."""
        marks = (self._before.get(str(caller.session_id), -1), self._before.get(str(caller.id), -1))
        return caller.issued_at <= max(marks)

    def last(self, user_id: UUID) -> int:
        """Up to when everything of this person was revoked, in unix seconds; 0 where nothing was."""
        return self._before.get(str(user_id), 0)

    def _forget(self, now: int) -> None:
        for key in [key for key, before in self._before.items() if before < now - MARKS_KEPT_SECONDS]:
            del self._before[key]


class ForeignBearers(Protocol):
    """Where a bearer that is not ours is taken: auth's exchange (`shared.foreign`), or a refusal."""

    def known(self, _token: str, /) -> Caller | None:
        """Whoever the token names, where that is known without any I/O."""
        ...

    def exchange(self, _token: str, /) -> Caller:
        """Whoever the token names. Raises TokenInvalid."""
        ...


class NoForeignBearers:
    """No foreign issuer is configured: every bearer that is not ours is refused, without any call."""

    def known(self, _token: str) -> Caller | None:
        """None is."""
        return None

    def exchange(self, _token: str) -> Caller:
        """Refuse."""
        raise TokenInvalid


class Verifier:
    """Turns an Authorization header into a Caller, or says why not."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        max_lifetime_seconds: int,
        keys: KeySet,
        revocations: Revocations,
        foreign: ForeignBearers | None = None,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._max_lifetime_seconds = max_lifetime_seconds
        self.keys = keys
        self.revocations = revocations
        self.foreign = foreign or NoForeignBearers()
        self._verified: OrderedDict[bytes, Caller] = OrderedDict()
        self._key_ids: frozenset[str] = frozenset()
        self._forgotten = 0  # how often; a token that was verified before it is not kept after it
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def start(self) -> None:
        """Ask auth for revocations and keys, now and every 2 seconds until `stop`, in one thread of this process."""
        threading.Thread(target=self._run, name="verifier", daemon=True).start()

    def stop(self) -> None:
        """End that thread."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.revocations.poll()
            self.keep_keys()
            self._stop.wait(POLL_SECONDS)

    def keep_keys(self) -> None:
        """Know the keys that auth names with its revocations; tokens of a key that it has no more are forgotten."""
        if self.revocations.key_ids not in (frozenset(), self.keys.ids):
            self.keys.refresh()
        self.keys.keep_fresh()
        if lost := self._key_ids - self.keys.ids:
            log(__name__).info("keys.gone", key_ids=sorted(lost))
            with self._lock:
                self._verified.clear()
                self._forgotten += 1
        self._key_ids = self.keys.ids

    def caller(self, authorization: Iterable[str], *, changes_something: bool) -> Caller:
        """The person that the Authorization headers of one request name.

        Raises NotSignedIn where there is none, TokenInvalid, TokenExpired, TokenRevoked, and for a request that changes
        something RevocationsUnknown when auth has not been heard of for a minute.
        """
        caller = self.known(authorization) or self._remember(token_of(authorization))
        if caller.expires_at <= time.time() - LEEWAY_SECONDS:
            raise TokenExpired
        if self.revocations.covers(caller):
            raise TokenRevoked
        if changes_something and self.revocations.age_seconds > STALE_SECONDS:
            raise RevocationsUnknown
        return caller

    def known(self, authorization: Iterable[str]) -> Caller | None:
        """The caller of a token that was verified before, without any I/O; None where it has to be verified."""
        token = token_of(authorization)
        return self._verified.get(_digest(token)) or self.foreign.known(token)

    def _remember(self, token: str) -> Caller:
        if issuer_of(token) != self._issuer:
            return self.foreign.exchange(token)  # which keeps its answers itself, for minutes
        forgotten = self._forgotten
        caller = self._verify(token)
        with self._lock:
            if forgotten == self._forgotten:
                self._verified[_digest(token)] = caller
            while len(self._verified) > CACHE_TOKENS:
                self._verified.popitem(last=False)
        return caller

    def _verify(self, token: str) -> Caller:
        try:
            header = jwt.get_unverified_header(token)
            if set(header) != {"alg", "typ", "kid"} or header["alg"] != "ES256" or header["typ"] != ACCESS_TYPE:
                raise TokenInvalid
            if not isinstance(header["kid"], str) or not KEY_ID.fullmatch(header["kid"]):
                raise TokenInvalid
            key = self.keys.find(header["kid"])
            if key is None:
                raise TokenInvalid
            claims = jwt.decode(
                token,
                key,
                algorithms=["ES256"],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": CLAIMS, "strict_aud": True},
            )
            return self._caller(claims)
        except jwt.ExpiredSignatureError as reason:
            raise TokenExpired from reason
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as reason:
            raise TokenInvalid from reason

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        times = [claims[name] for name in ("iat", "nbf", "exp")]
        if any(type(each) is not int for each in times) or not isinstance(claims["jti"], str) or not claims["jti"]:
            raise TokenInvalid
        issued_at, expires_at = claims["iat"], claims["exp"]
        if not 0 < expires_at - issued_at <= self._max_lifetime_seconds or claims.get("type", "access") != "access":
            raise TokenInvalid
        roles, zone = claims.get("roles", []), claims.get("zoneinfo", "")
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles) or not isinstance(zone, str):
            raise TokenInvalid
        return Caller(
            id=UUID(claims["sub"]),
            session_id=UUID(claims["sid"]),
            roles=tuple(roles),
            zone=zone if clock.is_zone(zone) else "",
            issued_at=issued_at,
            expires_at=expires_at,
        )


@dataclass(frozen=True, slots=True)
class InternalCaller:
    """Another service, and the person it acts for, if any."""

    service: str
    user_id: UUID | None
    session_id: UUID | None


def sign_internal(*, caller: str, audience: str, key: bytes, user_id: UUID | None, session_id: UUID | None) -> str:
    """A token for one call from one service to another, good for 60 seconds (HS256, seed 002)."""
    now = int(time.time())
    claims = {"iss": caller, "aud": audience, "iat": now, "exp": now + INTERNAL_SECONDS, "jti": str(ids.new())}
    claims |= {"sub": str(user_id)} if user_id else {}
    claims |= {"sid": str(session_id)} if session_id else {}
    return jwt.encode(claims, key, algorithm="HS256", headers={"typ": INTERNAL_TYPE})


def verify_internal(authorization: Iterable[str], *, audience: str, keys: Mapping[str, bytes]) -> InternalCaller:
    """Which service is calling. `keys` are the pair keys of this service by peer. Raises TokenInvalid, NotSignedIn."""
    token = token_of(authorization)
    try:
        if not SHAPE.fullmatch(token) or jwt.get_unverified_header(token).get("typ") != INTERNAL_TYPE:
            raise TokenInvalid
        peer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
        claims = jwt.decode(
            token,
            keys[peer],
            algorithms=["HS256"],
            issuer=peer,
            audience=audience,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", "jti"], "strict_aud": True},
        )
        user_id, session_id = claims.get("sub"), claims.get("sid")
        return InternalCaller(peer, UUID(user_id) if user_id else None, UUID(session_id) if session_id else None)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as reason:
        raise TokenInvalid from reason


def token_of(authorization: Iterable[str]) -> str:
    """The one bearer token among the Authorization headers of a request. Raises NotSignedIn, TokenInvalid."""
    headers = list(authorization)
    if not headers:
        raise NotSignedIn
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARACTERS:
        raise TokenInvalid
    return token


def issuer_of(token: str) -> str:
    """The issuer that a token names, unverified; empty for one that is no JWT. Raises TokenInvalid where it only looks so."""
    if token.count(".") != 2:
        return ""
    if not SHAPE.fullmatch(token):
        raise TokenInvalid
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_aud": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenInvalid from None
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise TokenInvalid
    return issuer


def _own_keys(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key["kid"]: jwt.PyJWK(key, algorithm="ES256").key
        for key in document["keys"]
        if key.get("kty") == "EC" and key.get("crv") == "P-256" and KEY_ID.fullmatch(str(key.get("kid")))
    }


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
