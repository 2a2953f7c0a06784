"""Signing as auth does, for tests of what must be refused: the private key is unsealed as auth's own process does it."""

import base64
import json
import time
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import load_der_private_key
from sqlalchemy import text

from shared import db, ids
from shared.sealing import Seals
from tests.stack import Stack

ACTIVE = text("SELECT kid, private_key FROM signing_keys WHERE state = 'active'")


class Signer:
    """Auth's active key."""

    def __init__(self, stack: Stack) -> None:
        engine = stack.engine("auth")
        with db.transaction(engine) as session:
            row = session.execute(ACTIVE).one()
        engine.dispose()
        sealing = {name: base64.b64decode(key) for name, key in json.loads(stack.secret("auth", "sealing_keys")).items()}
        self.kid = row.kid
        self.der = Seals(sealing).unseal(row.private_key, table="signing_keys", row=row.kid, user_id=None)
        self.key: Any = load_der_private_key(self.der, password=None)

    def header(self, **changed: Any) -> dict[str, Any]:
        """The header of a good token; a value of None leaves the field out."""
        return _without_none({"alg": "ES256", "typ": "at+jwt", "kid": self.kid} | changed)

    def claims(self, user_id: UUID, **changed: Any) -> dict[str, Any]:
        """The claims of a good token; a value of None leaves the claim out."""
        now = int(time.time())
        good = {"iss": "tutti", "aud": "tutti-api", "sub": str(user_id), "sid": str(ids.new()), "gen": 1, "jti": str(ids.new())}
        good |= {"iat": now, "nbf": now, "exp": now + 600, "roles": ["user"], "zoneinfo": "", "type": "access"}
        return _without_none(good | changed)

    def token(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Sign, whatever it says: with no library between that might mend it."""
        signed = f"{segment(header or self.header())}.{segment(claims)}"
        return f"{signed}.{self.signature(signed)}"

    def signature(self, signed: str) -> str:
        algorithm = jwt.get_algorithm_by_name("ES256")
        return b64(algorithm.sign(signed.encode(), self.key))


def segment(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
