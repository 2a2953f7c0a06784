"""The exchange: whose account a bearer of another issuer opens. First sight makes the account.

An opaque token is asked about once and its answer kept by the token's hash; the row outlives the answer, so that the moment of
first sight, by which revocations go, stays what it was when the token is asked about again.
"""

import hashlib
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from services.auth import identities, users
from services.auth.arrivals import Arrival
from services.auth.errors import AccountDisabled, AccountExists
from services.auth.foreign import Foreign
from services.auth.identities import Known
from services.auth.models import ForeignToken
from services.auth.users import Account
from services.auth.world import World
from shared import clock, identity
from shared import db as database
from shared.db import transaction
from shared.errors import NotFound
from shared.foreign import FRESH_SECONDS, BearerUnlinked, Resolved
from shared.identity import Caller, TokenInvalid, TokenRevoked

FIND_TOKEN = text("SELECT user_id, identity_id, seen_at, expires_at FROM find_foreign_token(:digest)")
ADMIN = "admin"


def resolve(world: World, token: str) -> Resolved:
    """Whom this bearer names.

    Raises TokenInvalid, TokenExpired, TokenRevoked, BearerUnlinked; KeysUnknown, IssuerUnavailable where it cannot be told.
    """
    issuer = identity.issuer_of(token)
    return _by_signature(world, token, issuer) if issuer else _by_asking(world, token)


def _by_signature(world: World, token: str, name: str) -> Resolved:
    issuer = world.foreign.named(name)
    claims = issuer.verified(token)
    known = _arrived(world, issuer, claims)
    zone = issuer.told(claims, "zoneinfo")
    return _resolved(world, known.user_id, known.id, claims["iat"], claims["exp"], zone)


def _by_asking(world: World, token: str) -> Resolved:
    issuer, digest = world.foreign.opaque, hashlib.sha256(token.encode()).digest()
    if issuer is None:
        raise TokenInvalid
    row = database.look_up(world.engine, FIND_TOKEN, digest=digest)
    if row is None or row.expires_at <= clock.now():
        claims = issuer.asked(token)
        known = _arrived(world, issuer, claims)
        if row and row.identity_id != known.id:
            raise TokenInvalid  # one token, two people: the issuer is not to be believed
        seen_at, expires_at = _keep(world, digest, known, issuer.said.asked_again_seconds)
        zone = issuer.told(claims, "zoneinfo")
    else:
        known, seen_at, expires_at, zone = Known(row.identity_id, row.user_id, True), row.seen_at, row.expires_at, ""
    return _resolved(world, known.user_id, known.id, int(seen_at.timestamp()), int(expires_at.timestamp()), zone)


def _arrived(world: World, issuer: Foreign, claims: Mapping[str, Any]) -> Known:
    who = Arrival(
        issuer=issuer.said.issuer,
        subject=claims["sub"],
        provider=issuer.said.short_name,
        email=issuer.told(claims, "email"),
        is_email_verified=issuer.is_email_verified(claims),
        name=issuer.told(claims, "name"),
        picture=issuer.told(claims, "picture"),
    )
    try:
        identities.arrive(world, who)
    except AccountExists as reason:
        raise BearerUnlinked from reason
    except AccountDisabled as reason:
        raise TokenRevoked from reason
    known = identities.find(world.engine, who.issuer, who.subject)
    if known is None or not known.is_active:
        raise TokenRevoked
    return known


def _keep(world: World, digest: bytes, known: Known, seconds: int) -> tuple[datetime, datetime]:
    expires_at = clock.now() + timedelta(seconds=seconds)
    row = insert(ForeignToken).values(digest=digest, user_id=known.user_id, identity_id=known.id, expires_at=expires_at)
    kept = row.on_conflict_do_update(index_elements=["digest"], set_={"expires_at": expires_at})
    with transaction(world.engine, user_id=known.user_id) as db:
        seen_at = db.execute(kept.returning(ForeignToken.seen_at)).scalar_one()
    return seen_at, expires_at


def _resolved(world: World, user_id: UUID, session_id: UUID, issued_at: int, expires_at: int, zone: str) -> Resolved:
    account = _account(world, user_id)
    caller = Caller(
        id=user_id,
        session_id=session_id,
        # Administrators sign in here, with whatever second factor they have: nobody else's token opens their routes.
        roles=tuple(role for role in account.roles if role != ADMIN),
        zone=account.zone or (zone if clock.is_zone(zone) else ""),
        issued_at=issued_at,
        expires_at=expires_at,
    )
    return Resolved(caller, fresh_until=min(expires_at, int(time.time()) + FRESH_SECONDS))


def _account(world: World, user_id: UUID) -> Account:
    try:
        with transaction(world.engine, user_id=user_id) as db:
            return users.get(db, user_id=user_id)
    except NotFound as reason:
        raise TokenRevoked from reason
