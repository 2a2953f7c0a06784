"""Sign-ins: begun, renewed, ended. Refresh tokens rotate, and using an old one ends the sign-in (RFC 9700).

A refresh token is `v1.<session id>.<generation>.<HMAC>`. Only the newest generation's number is stored, so every older token
is recognised for ever, and a client whose answer was lost, or that asked from five tabs, is given the same successor again.
"""

import base64
import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from services.auth import revocations
from services.auth.errors import RefreshTokenInvalid, RefreshTokenReused
from services.auth.models import UserSession
from services.auth.settings import Settings
from shared import clock, derive, ids
from shared import db as database

SALT_BYTES = 16  # 128 bits: what makes the keys of two sign-ins unrelated
SHAPE = re.compile(r"v1\.([0-9a-f-]{36})\.([0-9]{1,9})\.([A-Za-z0-9_-]{43})")
FIND = text("SELECT user_id, salt FROM find_session_to_refresh(:session_id)")


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token whose HMAC is right."""

    session_id: UUID
    user_id: UUID
    generation: int


def begin(db: Session, *, user_id: UUID, settings: Settings, device: str, ip_address: str) -> UserSession:
    """Start a sign-in of this user on one device; one too many ends the one that was not used for longest."""
    now = clock.now()
    values = {
        "id": ids.new(),
        "user_id": user_id,
        "salt": os.urandom(SALT_BYTES),
        "generation": 1,
        "rotated_at": now,
        "created_at": now,
        "last_used_at": now,
        "expires_at": _expiry(now, now, settings),
        "device": device[:255],
        "ip_address": ip_address[:64],
    }
    others = select(func.count()).where(UserSession.user_id == user_id).scalar_subquery()
    if (db.scalar(insert(UserSession).values(values).returning(others)) or 0) >= settings.sign_ins_per_user:
        _make_room(db, user_id=user_id, settings=settings)
    return UserSession(**values)


def _make_room(db: Session, *, user_id: UUID, settings: Settings) -> None:
    newest_first = select(UserSession.id).where(UserSession.user_id == user_id).order_by(UserSession.last_used_at.desc())
    for session_id in db.scalars(newest_first.offset(settings.sign_ins_per_user)).all():
        end(db, session_id=session_id, user_id=user_id)


def renew(db: Session, token: str, *, settings: Settings) -> UserSession | RefreshTokenReused:
    """The sign-in with a new generation, or with the present one for a client that asks again at once.

    A token used before ends the sign-in for good: that has to be committed, so the failure is the answer, for the caller to
    raise after its transaction. Raises RefreshTokenInvalid, and goes on as the user.
    """
    presented = present(db, token, settings=settings)
    now = clock.now()
    sign_in = db.scalar(
        select(UserSession)
        .where(UserSession.id == presented.session_id, UserSession.user_id == presented.user_id)
        .with_for_update()
    )
    if sign_in is None or sign_in.expires_at <= now or presented.generation > sign_in.generation:
        raise RefreshTokenInvalid
    behind = sign_in.generation - presented.generation
    is_repetition = behind == 1 and now - sign_in.rotated_at <= timedelta(seconds=settings.refresh_grace_seconds)
    if behind and not is_repetition:
        end(db, session_id=sign_in.id, user_id=sign_in.user_id)
        return RefreshTokenReused()
    if not behind:
        sign_in.generation += 1
        sign_in.rotated_at = sign_in.last_used_at = now
        sign_in.expires_at = _expiry(sign_in.created_at, now, settings)
        db.flush()
    return sign_in


def present(db: Session, token: str, *, settings: Settings) -> Presented:
    """Whose refresh token this is; the transaction goes on as that user. Raises RefreshTokenInvalid."""
    shape = SHAPE.fullmatch(token)
    try:
        session_id, generation = UUID(shape[1] if shape else ""), int(shape[2] if shape else 0)
    except ValueError as reason:
        raise RefreshTokenInvalid from reason
    row = db.execute(FIND, {"session_id": session_id}).one_or_none()
    salt = row.salt if row else bytes(SALT_BYTES)
    # Compared also where there is no such sign-in, so that both refusals take as long.
    made = [_token(key, session_id, generation, salt) for key in settings.sealing_keys.values()]
    is_ours = any(hmac.compare_digest(token.encode(), each.encode()) for each in made)
    if row is None or not is_ours:
        raise RefreshTokenInvalid
    database.become(db, row.user_id)
    return Presented(session_id, row.user_id, generation)


def refresh_token(sign_in: UserSession, *, settings: Settings) -> str:
    """The refresh token of the present generation: the same each time it is asked for."""
    return _token(settings.newest_sealing_key, sign_in.id, sign_in.generation, sign_in.salt)


def end(db: Session, *, session_id: UUID, user_id: UUID) -> None:
    """End a sign-in: its refresh tokens count no longer, its access tokens within seconds. May be repeated."""
    db.execute(delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id))
    revocations.revoke(db, user_id=user_id, session_id=session_id)


def end_all(db: Session, *, user_id: UUID, but: UUID | None = None) -> int:
    """End every sign-in of a user, or every other one than `but`; how many there were. May be repeated.

    Each is named by itself in the revocations, so that a sign-in begun in the same second afterwards holds. Where the account
    itself is closed, `revocations.revoke(db, user_id=...)` besides covers tokens of other issuers too.
    """
    ended = delete(UserSession).where(UserSession.user_id == user_id).returning(UserSession.id)
    session_ids = list(db.scalars(ended if but is None else ended.where(UserSession.id != but)))
    for session_id in session_ids:
        revocations.revoke(db, user_id=user_id, session_id=session_id)
    return len(session_ids)


def _token(secret: bytes, session_id: UUID, generation: int, salt: bytes) -> str:
    named = f"v1.{session_id}.{generation}"
    key = derive.derive(secret, f"refresh tokens {salt.hex()}")
    return f"{named}.{base64.urlsafe_b64encode(hmac.digest(key, named.encode(), hashlib.sha256)).decode().rstrip('=')}"


def _expiry(created_at: datetime, now: datetime, settings: Settings) -> datetime:
    return min(now + timedelta(days=settings.sign_in_idle_days), created_at + timedelta(days=settings.sign_in_max_days))
