"""Bearers of other issuers: whomever they name by auth's word, asked once a token, kept for minutes.

Nothing is asked about a bearer of an issuer that auth does not know, nor about an opaque one where no issuer gives such out.
"""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from shared.errors import Conflict, NotSignedIn, Problem
from shared.identity import Caller, KeysUnknown, TokenExpired, TokenInvalid, TokenRevoked, issuer_of

FRESH_SECONDS = 300  # how long an answer is believed at most
REFUSED_SECONDS = 60  # how long a refusal is
KEPT = 10_000  # of either, about 1 KB each
WAIT_SECONDS = 12  # for somebody else's question about the same token: longer than one may take
OPAQUE = re.compile(r"[A-Za-z0-9._~+/-]{20,}=*")  # RFC 6750; shorter than 20 characters is no secret


class BearerUnlinked(Conflict):
    """There is an account with your e-mail address here, and it is not connected with this sign-in, because one of the two
    has not confirmed the address. Have a new password sent to that address and set it: then this sign-in opens the account.
    """


REFUSALS: Mapping[str, type[Problem]] = {
    kind.code(): kind for kind in (TokenInvalid, TokenExpired, TokenRevoked, BearerUnlinked, KeysUnknown)
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whom a bearer names, and until when (unix seconds) that needs no new question."""

    caller: Caller
    fresh_until: int

    def document(self) -> dict[str, Any]:
        """As it travels from auth to the other services."""
        who = self.caller
        return {
            "user_id": str(who.id),
            "session_id": str(who.session_id),
            "roles": list(who.roles),
            "zoneinfo": who.zone,
            "issued_at": who.issued_at,
            "expires_at": who.expires_at,
            "fresh_until": self.fresh_until,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """As it arrives there."""
        who = Caller(
            id=UUID(document["user_id"]),
            session_id=UUID(document["session_id"]),
            roles=tuple(document["roles"]),
            zone=document["zoneinfo"],
            issued_at=document["issued_at"],
            expires_at=document["expires_at"],
        )
        return cls(who, document["fresh_until"])


class Exchange:
    """The answers of one process. At most one question about a token is under way."""

    def __init__(self, ask: Callable[[str], Resolved], trusted: Callable[[], Mapping[str, Any]]) -> None:
        """`ask` resolves or raises a Problem; `trusted` says `{"issuers": [names], "opaque": whether any is}`."""
        self._ask = ask
        self._trusted = trusted
        self._known: OrderedDict[bytes, Resolved] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[float, type[Problem]]] = OrderedDict()
        self._asking: dict[bytes, Future[Resolved]] = {}
        self._lock = threading.Lock()

    def known(self, token: str) -> Caller | None:
        """The caller of a token that needs no new question, without any I/O."""
        found = self._known.get(_digest(token))
        return found.caller if found and found.fresh_until > time.time() else None

    def exchange(self, token: str) -> Caller:
        """Whoever `token` names. Raises TokenInvalid, BearerUnlinked, and Unavailable where it cannot be told just now."""
        return self.resolve(token).caller

    def resolve(self, token: str) -> Resolved:
        """The same, with how long it holds."""
        self._check_issuer(token)
        name = _digest(token)
        with self._lock:
            found = self._found(name)
            asking = self._asking.get(name)
            mine = None if found or asking else self._asking.setdefault(name, Future())
        if found:
            return found
        if mine is None:
            assert asking is not None
            return _waited(asking)
        return self._answered(name, token, mine)

    def _check_issuer(self, token: str) -> None:
        issuer, trusted = issuer_of(token), self._trusted()
        if issuer:
            if issuer not in trusted["issuers"]:
                raise TokenInvalid
        elif not trusted["opaque"] or not OPAQUE.fullmatch(token):
            raise TokenInvalid

    def _found(self, name: bytes) -> Resolved | None:
        refused_until, refusal = self._refused.get(name, (0.0, TokenInvalid))
        if refused_until > time.monotonic():
            raise refusal
        found = self._known.get(name)
        return found if found and found.fresh_until > time.time() else None

    def _answered(self, name: bytes, token: str, mine: Future[Resolved]) -> Resolved:
        try:
            found = self._ask(token)
        except BaseException as reason:
            with self._lock:
                self._asking.pop(name)
                if isinstance(reason, NotSignedIn | BearerUnlinked):
                    _keep(self._refused, name, (time.monotonic() + REFUSED_SECONDS, type(reason)))
            mine.set_exception(reason)
            raise
        with self._lock:
            self._asking.pop(name)
            _keep(self._known, name, found)
        mine.set_result(found)
        return found


def _waited(asking: Future[Resolved]) -> Resolved:
    try:
        return asking.result(WAIT_SECONDS)
    except TimeoutError as reason:
        raise KeysUnknown from reason


def _keep(kept: OrderedDict[bytes, Any], name: bytes, value: Any) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
