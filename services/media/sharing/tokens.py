"""The secrets of share links: made of a link's id and a key, so that none is stored and each can be shown again."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from services.media.errors import NoSuchShare
from shared import derive

ID_BYTES: Final = 16
MAC_BYTES: Final = 16  # 128 bits: as hard to guess as the id of a session


class ShareTokens:
    """Makes and reads them, with keys derived from this service's sealing keys: the newest makes, all read."""

    def __init__(self, sealing_keys: Mapping[str, bytes], *, public_url: str) -> None:
        newest_first = sorted(sealing_keys, key=lambda key_id: (len(key_id), key_id), reverse=True)
        self._keys = [derive.derive(sealing_keys[key_id], "share link") for key_id in newest_first]
        self._prefix = f"{public_url.rstrip('/')}/s/"

    def url(self, link_id: UUID) -> str:
        """The absolute address of a link: the same while its key is the newest, and good while that key is held.

        >>> tokens = ShareTokens({"1": b"k" * 32}, public_url="http://x/")
        >>> tokens.open(tokens.url(UUID(int=7)).rpartition("/")[2]) == UUID(int=7)
        True
        """
        sealed = link_id.bytes + _mac(self._keys[0], link_id.bytes)
        return self._prefix + base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, token: str) -> UUID:
        """Which link a token is of. Raises NoSuchShare for one that was not made here."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise NoSuchShare from None
        link, mac = sealed[:ID_BYTES], sealed[ID_BYTES:]
        if len(sealed) != ID_BYTES + MAC_BYTES or not any(hmac.compare_digest(_mac(key, link), mac) for key in self._keys):
            raise NoSuchShare
        return UUID(bytes=link)


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)[:MAC_BYTES]
