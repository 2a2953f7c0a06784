"""Access tokens: signed here by flask-jwt-extended, verified everywhere, here too, by `shared.identity` alone.

The library takes tokens that must be refused (without `exp`, of another kind; measured), so nothing of ours verifies with it.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from flask_jwt_extended import JWTManager, create_access_token

from services.auth.keys import Signer
from services.auth.settings import Settings
from shared.identity import ACCESS_TYPE


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says, and the key that says it."""

    user_id: UUID
    session_id: UUID
    generation: int
    roles: tuple[str, ...]
    zone: str
    signer: Signer
    issued_after: int = 0  # unix seconds


def config(settings: Settings) -> dict[str, Any]:
    """What flask-jwt-extended is told in the application's configuration."""
    return {
        "JWT_ALGORITHM": "ES256",
        "JWT_ENCODE_ISSUER": settings.token_issuer,
        "JWT_ENCODE_AUDIENCE": settings.token_audience,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(seconds=settings.access_token_seconds),
        "JWT_TOKEN_LOCATION": ["headers"],
        "JWT_COOKIE_CSRF_PROTECT": False,  # there are no cookies; it would only add a claim
    }


def teach(manager: JWTManager) -> None:
    """Tell the library what a Grant means."""
    manager.user_identity_loader(_subject)
    manager.encode_key_loader(_key)
    manager.additional_headers_loader(_header)
    manager.additional_claims_loader(_claims)


def access_token(grant: Grant) -> str:
    """The token: header exactly `alg`, `typ`, `kid` (RFC 9068)."""
    return str(create_access_token(identity=grant))


def _subject(grant: Grant) -> str:
    return str(grant.user_id)


def _key(grant: Grant) -> ec.EllipticCurvePrivateKey:
    return grant.signer.private_key


def _header(grant: Grant) -> dict[str, str]:
    return {"typ": ACCESS_TYPE, "kid": grant.signer.kid}


def _claims(grant: Grant) -> dict[str, Any]:
    return {
        "iat": max(int(time.time()), grant.issued_after + 1),
        "sid": str(grant.session_id),
        "gen": grant.generation,
        "roles": list(grant.roles),
        "zoneinfo": grant.zone,
    }
