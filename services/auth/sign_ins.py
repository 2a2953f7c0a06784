"""Sign-ins: begun, renewed, ended. Refresh tokens rotate, and using an old one ends the sign-in (RFC 9700).

A refresh token is `v1.<session id>.<generation>.<HMAC>`. Only the newest generation's number is stored, so every older token
is recognised for ever, and a client whose answer was lost, or that asked from five tabs, is given the same successor again.
"""

import base64
import hashlib
import hmac
import os
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from services.auth import audit, guesses, leaving, revocations
from services.auth.errors import InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused
from services.auth.guesses import DEVICE_CHARACTERS, Place
from services.auth.models import UserSession
from services.auth.schemas.sign_ins import Scope
from services.auth.settings import Settings
from services.auth.tasks import mail
from services.auth.users import Account
from shared import clock, derive, ids
from shared import db as database
from shared.errors import NotFound

SALT_BYTES = 16  # 128 bits: what makes the keys of two sign-ins unrelated
SHAPE = re.compile(r"v1\.([0-9a-f-]{36})\.([0-9]{1,9})\.([A-Za-z0-9_-]{43})")
FIND = text("SELECT user_id, salt FROM find_session_to_refresh(:session_id)")


# No commit waits for the disk: whoever signed in within the second before the database's machine died signs in again.
BEGIN = text(
    """
    WITH before AS (SELECT last_login_at, set_config('synchronous_commit', 'off', true) FROM users WHERE id = :user_id),
    noted AS (
        UPDATE users SET last_login_at = :created_at, password = coalesce(CAST(:new_hash AS text), password)
        WHERE id = :user_id AND is_active AND password = coalesce(CAST(:looked_at AS text), password)
        RETURNING id, email, username, roles, email_confirmed_at IS NOT NULL AS is_confirmed
    ),
    begun AS (
        INSERT INTO user_sessions (id, user_id, salt, generation, rotated_at, created_at, last_used_at, expires_at, device,
                                   ip_address)
        SELECT :id, id, :salt, :generation, :rotated_at, :created_at, :last_used_at, :expires_at, :device, :ip_address
        FROM noted
    ),
    placed AS (
        INSERT INTO known_places (user_id, digest, device, last_seen_at) SELECT id, :place, :kind, :created_at FROM noted
        ON CONFLICT (user_id, digest, device) DO UPDATE SET last_seen_at = excluded.last_seen_at
        WHERE known_places.last_seen_at < excluded.last_seen_at - interval '1 day'
    )
    SELECT noted.id AS user_id, noted.email, noted.username, noted.roles, noted.is_confirmed,
        coalesce((SELECT time_zone FROM user_profiles p WHERE p.user_id = noted.id), '') AS zone,
        before.last_login_at IS NULL AS is_first,
        (SELECT count(*) FROM user_sessions s WHERE s.user_id = noted.id) AS others,
        EXISTS (SELECT FROM known_places k
            WHERE k.user_id = noted.id AND k.digest = ANY (CAST(:places AS bytea[])) AND k.device = :kind) AS is_known,
        EXISTS (SELECT FROM account_deletion_requests r
            WHERE r.user_id = noted.id AND r.cancelled_at IS NULL AND r.completed_at IS NULL) AS is_leaving,
        forgive_guess(CAST(:counters AS text[]))
    FROM noted, before
    """
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a password had to do with a sign-in: the hash that it matched, a fresher one, what to take back of its guess."""

    looked_at: str | None = None
    new_hash: str | None = None
    counters: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that has begun, and whose it is."""

    account: Account
    sign_in: UserSession


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token whose HMAC is right."""

    session_id: UUID
    user_id: UUID
    generation: int


def begin(db: Session, *, user_id: UUID, settings: Settings, place: Place, device: str, proof: Proof | None = None) -> Begun:
    """Start a sign-in of this user on one device, in one statement; one too many ends the one that was not used for longest.

    A place and device that the account was never signed in from is told to its owner, but for the very first one. Raises
    InvalidCredentials where the account is disabled or gone, or its password was changed since it was looked at.
    """
    now = clock.now()
    proof = proof or Proof()
    kept: dict[str, Any] = {
        "id": ids.new(),
        "user_id": user_id,
        "salt": os.urandom(SALT_BYTES),
        "generation": 1,
        "rotated_at": now,
        "created_at": now,
        "last_used_at": now,
        "expires_at": _expiry(now, now, settings),
        "device": device[:DEVICE_CHARACTERS],
        "ip_address": place.address[:64],
    }
    known = {"place": place.digest, "places": place.digests, "kind": guesses.device_of(device)}
    row = db.execute(BEGIN, kept | known | asdict(proof)).one_or_none()
    if row is None:
        raise InvalidCredentials
    if row.is_leaving:
        leaving.stay(db, user_id=user_id)
    if row.others >= settings.sign_ins_per_user:
        _make_room(db, user_id=user_id, settings=settings)
    if not row.is_known and not row.is_first:
        mail.send(db, "new_sign_in", user_id=user_id, address=place.address, device=device or "an unnamed device")
    account = Account(row.user_id, row.email, row.username, row.roles, row.zone, row.is_confirmed)
    return Begun(account, UserSession(**kept))


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
        _tell_of_reuse(db, sign_in, presented.generation)
        return RefreshTokenReused()
    if not behind:
        sign_in.generation += 1
        sign_in.rotated_at = sign_in.last_used_at = now
        sign_in.expires_at = _expiry(sign_in.created_at, now, settings)
        db.flush()
    return sign_in


def _tell_of_reuse(db: Session, ended: UserSession, generation: int) -> None:
    audit.note(
        db, "sign_in.reused", user_id=ended.user_id, presented=generation, newest=ended.generation, session_id=str(ended.id)
    )
    mail.send(db, "sign_in_ended", user_id=ended.user_id, device=ended.device or "an unnamed device")


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


def end_one(db: Session, *, session_id: UUID, user_id: UUID) -> None:
    """End a sign-in that is there. Raises NotFound."""
    mine = UserSession.id == session_id, UserSession.user_id == user_id
    if db.scalar(select(UserSession.id).where(*mine)) is None:
        raise NotFound
    end(db, session_id=session_id, user_id=user_id)


def leave(db: Session, *, session_id: UUID, user_id: UUID, scope: Scope) -> None:
    """Sign out: of this sign-in, of all others, or of all."""
    if scope == "this":
        end(db, session_id=session_id, user_id=user_id)
        return
    ended = end_all(db, user_id=user_id, but=session_id if scope == "others" else None)
    if scope == "all":
        end(db, session_id=session_id, user_id=user_id)  # its row may be gone while its access token still lives
    audit.note(db, "sign_ins.ended", user_id=user_id, scope=scope, ended=ended)


def of_user(db: Session, *, user_id: UUID, current: UUID) -> list[dict[str, Any]]:
    """Every sign-in of a user that still counts, the one last used first."""
    told = (UserSession.id, UserSession.device, UserSession.ip_address, UserSession.created_at, UserSession.last_used_at)
    mine = UserSession.user_id == user_id, UserSession.expires_at > clock.now()
    rows = db.execute(select(*told).where(*mine).order_by(UserSession.last_used_at.desc(), UserSession.id.desc()))
    return [dict(row._mapping) | {"is_current": row.id == current} for row in rows]


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
