"""The keys that sign access tokens: ES256, in three states, the private half sealed.

The worker makes the first one. A key is published before it signs and for as long as a token that it signed may live.
"""

import base64
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from services.auth.errors import SigningKeyMissing
from services.auth.models import KeyState, SigningKey
from shared.db import transaction
from shared.sealing import Seals

TABLE = "signing_keys"
LOCK = text("SELECT pg_advisory_xact_lock(hashtext('tutti signing keys'))")
FRESH_SECONDS = 30  # how long a process goes on signing with a key that has been retired meanwhile
COORDINATE_BYTES = 32  # of a point on P-256


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    kid: str
    private_key: ec.EllipticCurvePrivateKey


class Signing:
    """The active key, read from the database and kept for half a minute. Threads share it."""

    def __init__(self, engine: Engine, seals: Seals) -> None:
        self._engine = engine
        self._seals = seals
        self._signer: Signer | None = None
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    def active(self) -> Signer:
        """The key to sign with. Raises SigningKeyMissing."""
        if self._signer is None or time.monotonic() - self._read_at > FRESH_SECONDS:
            with self._lock:
                self._signer, self._read_at = self._read(), time.monotonic()
        return self._signer

    def _read(self) -> Signer:
        with transaction(self._engine) as db:
            row = db.scalar(select(SigningKey).where(SigningKey.state == KeyState.ACTIVE))
        if row is None:
            raise SigningKeyMissing
        if self._signer and self._signer.kid == row.kid:
            return self._signer
        private = self._seals.unseal(row.private_key, table=TABLE, row=row.kid, user_id=None)
        key = serialization.load_der_private_key(private, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return Signer(row.kid, key)


def jwks(db: Session) -> dict[str, Any]:
    """Every key that a valid token may be signed with, public halves alone (RFC 7517)."""
    return {"keys": list(db.scalars(select(SigningKey.public_jwk).order_by(SigningKey.created_at)))}


def make_first(db: Session, seals: Seals) -> None:
    """Make an active key unless there is one. Any number of workers may do so at once."""
    db.execute(LOCK)
    if db.scalar(select(SigningKey.kid).where(SigningKey.state == KeyState.ACTIVE)) is None:
        db.add(_new(KeyState.ACTIVE, seals))


def _new(state: KeyState, seals: Seals) -> SigningKey:
    kid = secrets.token_urlsafe(12)
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    sealed = seals.seal(private, table=TABLE, row=kid, user_id=None)
    return SigningKey(kid=kid, state=state, public_jwk=_public_jwk(kid, key.public_key()), private_key=sealed)


def _public_jwk(kid: str, key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    point = key.public_numbers()
    x, y = (base64.urlsafe_b64encode(part.to_bytes(COORDINATE_BYTES)).decode().rstrip("=") for part in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y}
