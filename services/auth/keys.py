"""The keys that sign access tokens: ES256, in three states, the private half sealed.

The worker makes the first one. A key is published before it signs and for as long as a token that it signed may live; the
worker takes each step when its time has come. `python -m services.auth.signing_keys` shows them and begins a rotation.
"""

import base64
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.orm import Session

from services.auth.errors import SigningKeyMissing
from services.auth.models import KeyState, SigningKey
from services.auth.settings import Settings
from shared import clock
from shared.db import transaction
from shared.sealing import Seals

TABLE = "signing_keys"
LOCK = text("SELECT pg_advisory_xact_lock(hashtext('tutti signing keys'))")
FRESH_SECONDS = 2  # how long a process goes on signing with a key that has been retired or withdrawn meanwhile
MARGIN = timedelta(minutes=10)  # a retired key outlives the last token it signed by this: clocks differ
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
                if self._signer is None or time.monotonic() - self._read_at > FRESH_SECONDS:
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


@dataclass(frozen=True, slots=True)
class Step:
    """A key as an operator sees it; `due_at` is when it changes next, where that is decided."""

    kid: str
    state: KeyState
    since: datetime
    due_at: datetime | None


def steps(db: Session, settings: Settings) -> list[Step]:
    """Every key, the oldest first."""
    rows = db.scalars(select(SigningKey).order_by(SigningKey.created_at)).all()
    return [Step(row.kid, KeyState(row.state), row.state_since, _due_at(row, settings)) for row in rows]


def rotate(db: Session, seals: Seals) -> bool:
    """Begin a rotation: publish the next key. False where one is under way already."""
    db.execute(LOCK)
    if db.scalar(select(SigningKey.kid).where(SigningKey.state == KeyState.NEXT)) is not None:
        return False
    db.add(_new(KeyState.NEXT, seals))
    return True


def replace_all(db: Session, seals: Seals) -> None:
    """Withdraw every key and sign with a new one at once, where a key has come into other hands.

    Every access token there is counts no longer within seconds; clients refresh theirs, since refresh tokens are made of
    other secrets. Until a service has heard of the new key, at most seconds, it refuses what that signs.
    """
    db.execute(LOCK)
    db.execute(delete(SigningKey))
    db.add(_new(KeyState.ACTIVE, seals))


def move(db: Session, settings: Settings) -> list[str]:
    """Take every step whose time has come: the next key signs, the one before is retired, a retired one goes.

    What was done, in words. May be repeated, and by several workers at once.
    """
    db.execute(LOCK)
    rows = db.scalars(select(SigningKey).order_by(SigningKey.created_at)).all()
    due = [row for row in rows if (at := _due_at(row, settings)) and at <= clock.now()]
    done = []
    for row in due:
        if row.state == KeyState.RETIRED:
            db.delete(row)
            done.append(f"{row.kid} is gone")
        else:
            for active in (each for each in rows if each.state == KeyState.ACTIVE):
                _become(active, KeyState.RETIRED)
            db.flush()  # there is one active key at most at any moment
            _become(row, KeyState.ACTIVE)
            done.append(f"{row.kid} signs")
    return done


def _become(row: SigningKey, state: KeyState) -> None:
    row.state, row.state_since = state, clock.now()


def _due_at(row: SigningKey, settings: Settings) -> datetime | None:
    waits = {
        KeyState.NEXT: timedelta(seconds=settings.key_published_ahead_seconds),
        KeyState.RETIRED: timedelta(seconds=settings.access_token_seconds) + MARGIN,
    }
    wait = waits.get(KeyState(row.state))
    return None if wait is None else row.state_since + wait


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
