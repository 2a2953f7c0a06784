"""Sealing: secrets at rest, encrypted with AES-256-GCM and bound to the place they belong to.

A sealed value is `key id length, key id, nonce, ciphertext`. The table, the row and the user are authenticated with it,
so a value copied to another row does not open. Keys have ids: values are sealed with the newest and open with any that
is still held.
"""

import os
from collections.abc import Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12  # NIST SP 800-38D


class CannotUnseal(Exception):
    """A sealed value was changed, moved, or sealed with a key that is no longer held."""


class Seals:
    """The keys of one service: id to 32 bytes. The greatest id is the newest."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("there is no sealing key")
        self._keys = dict(keys)
        self.newest = max(keys, key=lambda key_id: (len(key_id), key_id))

    def seal(self, secret: bytes, *, table: str, row: UUID | str, user_id: UUID | None) -> bytes:
        """Encrypt `secret` for one row of one user."""
        key_id, nonce = self.newest.encode(), os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._keys[self.newest]).encrypt(nonce, secret, _place(table, row, user_id))
        return bytes([len(key_id)]) + key_id + nonce + sealed

    def unseal(self, sealed: bytes, *, table: str, row: UUID | str, user_id: UUID | None) -> bytes:
        """The secret. Raises CannotUnseal."""
        length = sealed[0] if sealed else 0
        key_id, nonce, ciphertext = (
            sealed[1 : 1 + length],
            sealed[1 + length :][:NONCE_BYTES],
            sealed[1 + length + NONCE_BYTES :],
        )
        try:
            return AESGCM(self._keys[key_id.decode()]).decrypt(nonce, ciphertext, _place(table, row, user_id))
        except (KeyError, InvalidTag, UnicodeDecodeError, ValueError) as reason:
            raise CannotUnseal(table) from reason


def _place(table: str, row: UUID | str, user_id: UUID | None) -> bytes:
    return f"{table}|{row}|{user_id or ''}".encode()
