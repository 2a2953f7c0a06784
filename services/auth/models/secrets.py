"""What proves somebody besides a password: one-time tokens, second factors, credentials of players."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from services.auth.models.base import Base


class OneTimeToken(Base):
    """A secret that is good once: of a mail's link, an OAuth state or code, an invitation. Only its SHA-256 is kept.

    Written and redeemed by definer functions alone (see `services.auth.one_time`).
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = {"info": {"policy": "internal"}}

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactor(Base):
    """A time-based one-time password (RFC 6238). It counts once `confirmed_at` is set; `last_step` is the last step used."""

    __tablename__ = "second_factors"
    __table_args__ = {"info": {"policy": "own", "admin": True}}

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")


class RecoveryCode(Base):
    """A code that stands in for the second factor once. Only its digest is kept; a used one is deleted."""

    __tablename__ = "recovery_codes"
    __table_args__ = {"info": {"policy": "own", "admin": True}}

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class PlayerCredential(Base):
    """An API key and an app password for one player: found by the key's digest, or by its user. The password is sealed,
    because Subsonic's token is an MD5 over the plain one.
    """

    __tablename__ = "player_credentials"
    __table_args__ = {"info": {"policy": "own"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    key_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    app_password: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
