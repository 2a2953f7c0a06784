"""Secrets that are good once: the tokens of links in mails, of OAuth's way there and back, of invitations.

A secret is 256 random bits; its SHA-256 is what is kept, so whoever reads the table can redeem nothing. Redeeming is one
conditional DELETE: of fifty at once, one finds the row.
"""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.auth.errors import OneTimeTokenInvalid
from shared import json

SECRET_BYTES = 32
MINUTE, DAY = 60, 86_400

ISSUE = text("SELECT issue_one_time_token(:digest, :purpose, :user_id, CAST(:facts AS json), :seconds)")
FIND = text("SELECT user_id, facts FROM find_one_time_token(:digest, :purpose)")
REDEEM = text("SELECT user_id, facts FROM redeem_one_time_token(:digest, :purpose)")
FORGET = text("SELECT forget_one_time_tokens(:user_id, CAST(:purposes AS text[]))")


class Purpose(StrEnum):
    """What a secret is good for; no other use of it counts."""

    CONFIRM_EMAIL = "confirm_email"
    MAGIC_LINK = "magic_link"
    RESET_PASSWORD = "reset_password"
    CHANGE_EMAIL_OLD = "change_email_old"
    CHANGE_EMAIL_NEW = "change_email_new"
    INVITATION = "invitation"
    FIRST_ADMIN = "first_admin"
    OAUTH_STATE = "oauth_state"
    OAUTH_TICKET = "oauth_ticket"
    OAUTH_LINK = "oauth_link"
    SIGN_IN_CODE = "sign_in_code"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Whose secret it was, where it was anybody's, and what was noted with it."""

    user_id: UUID | None
    facts: dict[str, Any]


def issue(db: Session, purpose: Purpose, *, user_id: UUID | None, seconds: int, **facts: Any) -> str:
    """A new secret, good for so long. What was issued before stays good; see `forget`."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    noted = json.dumps(facts).decode()
    named = {"digest": _digest(secret), "purpose": purpose.value, "user_id": user_id, "facts": noted, "seconds": seconds}
    db.execute(ISSUE, named)
    return secret


def find(db: Session, purpose: Purpose, secret: str) -> Redeemed:
    """What a secret is for, without using it up. Raises OneTimeTokenInvalid."""
    return _one(db, FIND, purpose, secret)


def redeem(db: Session, purpose: Purpose, secret: str) -> Redeemed:
    """Use a secret up. Raises OneTimeTokenInvalid for one that is unknown, used, expired, or for something else."""
    return _one(db, REDEEM, purpose, secret)


def forget(db: Session, *, user_id: UUID, purposes: tuple[Purpose, ...] = ()) -> None:
    """Make secrets of a user worthless: those of these purposes, or every one."""
    db.execute(FORGET, {"user_id": user_id, "purposes": [each.value for each in purposes] or None})


def _one(db: Session, statement: Any, purpose: Purpose, secret: str) -> Redeemed:
    row = db.execute(statement, {"digest": _digest(secret), "purpose": purpose.value}).one_or_none()
    if row is None:
        raise OneTimeTokenInvalid
    return Redeemed(row.user_id, row.facts)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
