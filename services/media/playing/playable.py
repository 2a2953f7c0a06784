"""Playable URLs: capabilities that name a file, what of it, whose it is and which sign-in made them, and that end.

An `<audio>` or `<img>` element sends no Authorization header, so the address itself is the right to GET. Nothing stores one. It
dies at its expiry, and with the sign-in or the account that made it, as tokens do.

Addresses of pictures made by one sign-in on one day are equal, so that whoever shows a list twice fetches its covers once.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.media.errors import AddressEnded, NoSuchFile
from shared import clock, derive, ids
from shared.identity import Caller, Revocations

What = Literal["stream", "cover", "small", "medium", "large", "picture"]

SPAN = struct.Struct(">QQ")  # made at, expires at: the end of a payload
PAYLOAD = struct.Struct(">B16s16s16sQQ")  # what, file, user, sign-in, made at, expires at
MAC_BYTES = 32
CODES: Mapping[What, int] = {"stream": 1, "cover": 2, "small": 3, "medium": 4, "large": 5, "picture": 6}
BEGINNINGS: Mapping[What, bytes] = {what: bytes([code]) for what, code in CODES.items()}
WHATS = {code: what for what, code in CODES.items()}
PREFIX = "/play/"
DAY_SECONDS = 86_400
NO_SIGN_IN = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Capability:
    """What a valid address lets its holder GET."""

    what: What
    file_id: UUID
    user_id: UUID
    session_id: UUID
    made_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """Makes the addresses of one sign-in; what comes after the file in a payload differs only between streams and pictures."""

    key: bytes
    origin: str
    of_streams: bytes
    of_pictures: bytes

    def url(self, file_id: UUID, what: What = "stream") -> str:
        """An absolute address."""
        return self.origin + self.path(file_id, what)

    def path(self, file_id: UUID, what: What = "stream") -> str:
        """The same without the origin."""
        payload = BEGINNINGS[what] + file_id.bytes + (self.of_streams if what == "stream" else self.of_pictures)
        return PREFIX + _text(payload + _mac(self.key, payload))


class Playables:
    """Makes and reads addresses, with keys derived from this service's sealing keys."""

    def __init__(
        self, sealing_keys: Mapping[str, bytes], *, public_url: str, lifetime_seconds: int, revocations: Revocations
    ) -> None:
        newest_first = sorted(sealing_keys, key=lambda key_id: (len(key_id), key_id), reverse=True)
        self._keys = [derive.derive(sealing_keys[key_id], "playable") for key_id in newest_first]
        self._origin = public_url.rstrip("/")
        self._lifetime_seconds = lifetime_seconds
        self._revocations = revocations

    def url(self, file_id: UUID, what: What = "stream", *, user_id: UUID, session_id: UUID | None) -> str:
        """An absolute address, good from now for as long as the setting says; that of a cover for up to a day more."""
        return self._origin + self.path(file_id, what, user_id=user_id, session_id=session_id)

    def path(self, file_id: UUID, what: What = "stream", *, user_id: UUID, session_id: UUID | None) -> str:
        """The same without the origin, for clients that put their own before it."""
        return self.of(user_id, session_id).path(file_id, what)

    def of(self, user_id: UUID, session_id: UUID | None) -> "Addresses":
        """The addresses of one person's sign-in as of now, for lists: what all of a page share is worked out once."""
        whose = user_id.bytes + (session_id or NO_SIGN_IN).bytes
        spans = {what: SPAN.pack(*self._span(what, user_id)) for what in ("stream", "cover")}
        return Addresses(self._keys[0], self._origin, whose + spans["stream"], whose + spans["cover"])

    def open(self, token: str) -> Capability:
        """What an address allows. Raises NoSuchFile for one that was not made here, AddressEnded for one that is over."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise NoSuchFile from None
        payload, mac = sealed[:-MAC_BYTES], sealed[-MAC_BYTES:]
        if len(payload) != PAYLOAD.size or not any(hmac.compare_digest(_mac(key, payload), mac) for key in self._keys):
            raise NoSuchFile
        code, file_id, user_id, session_id, made_at, expires_at = PAYLOAD.unpack(payload)
        capability = Capability(
            WHATS[code], UUID(bytes=file_id), UUID(bytes=user_id), UUID(bytes=session_id), made_at, expires_at
        )
        self._check(capability)
        return capability

    def _span(self, what: What, user_id: UUID) -> tuple[int, int]:
        """When an address was made, and when it ends. A cover's was made when its day began, or once all before was revoked."""
        now = int(clock.now().timestamp())
        if what == "stream":
            return now, now + self._lifetime_seconds
        today = now - now % DAY_SECONDS
        return max(today, self._revocations.last(user_id) + 1), today + DAY_SECONDS + self._lifetime_seconds

    def _check(self, capability: Capability) -> None:
        """Any mark on the sign-in ends it, whenever it was made; a mark on the account ends what was made before it."""
        sign_in = _bearer(ids.new(), capability.session_id, issued_at=0)
        account = _bearer(capability.user_id, ids.new(), issued_at=capability.made_at)
        is_over = capability.expires_at <= clock.now().timestamp()
        if is_over or self._revocations.covers(sign_in) or self._revocations.covers(account):
            raise AddressEnded


def _bearer(user_id: UUID, session_id: UUID, *, issued_at: int) -> Caller:
    return Caller(user_id, session_id, roles=(), zone="", issued_at=issued_at, expires_at=0)


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
