"""The tables of auth. Names that seed 004 and EchoGen's client give (`users`, `user_profiles`, `user_sessions`) are kept."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Uuid,
    func,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared import db
from shared.tables import Instant


class Base(DeclarativeBase):
    """The parent of auth's tables."""

    metadata = db.metadata()
    type_annotation_map: Any = {datetime: Instant, UUID: Uuid(), date: Date()}


class User(Base):
    """An account. `email` is kept in lower case; a `username` keeps its case and is unique without it."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("ix_users_username_lower", func.lower(text("username")), unique=True),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    username: Mapped[str | None] = mapped_column(String(50))
    name: Mapped[str] = mapped_column(String(255), server_default="")
    password: Mapped[str] = mapped_column(String(255))
    roles: Mapped[list[str]] = mapped_column(JSON)
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_login_at: Mapped[datetime | None]

    @property
    def role(self) -> str:
        """The one word that seed 004's client reads."""
        return role_of(self.roles)


class UserProfile(Base):
    """What somebody tells of themselves; one row for each user. `time_zone` is an IANA name, or empty."""

    __tablename__ = "user_profiles"
    __table_args__ = {"info": {"policy": "own"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    first_name: Mapped[str | None] = mapped_column(String(100))
    last_name: Mapped[str | None] = mapped_column(String(100))
    avatar: Mapped[str | None] = mapped_column(String(255))
    birth_date: Mapped[date | None]
    time_zone: Mapped[str] = mapped_column(String(64), server_default="")


class UserSession(Base):
    """A sign-in on one device. Its refresh tokens are not stored: they derive from `salt`; `generation` is the newest one's."""

    __tablename__ = "user_sessions"
    __table_args__ = {"info": {"policy": "own"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    generation: Mapped[int] = mapped_column(Integer)
    rotated_at: Mapped[datetime]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    device: Mapped[str] = mapped_column(String(255), server_default="")
    ip_address: Mapped[str] = mapped_column(String(64), server_default="")


class KeyState(StrEnum):
    """The life of a signing key: each state is followed by the next."""

    NEXT = "next"  # published, so that every service knows it before it signs
    ACTIVE = "active"  # signs; there is exactly one
    RETIRED = "retired"  # published until the last token it signed has expired


class SigningKey(Base):
    """A key pair that signs access tokens. Everybody may read `public_jwk`; the private half is sealed."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        Index("uq_signing_keys_active", "state", unique=True, postgresql_where=text("state = 'active'")),
        CheckConstraint("state IN ('next', 'active', 'retired')", name="state"),
        {"info": {"policy": "common"}},
    )

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    public_jwk: Mapped[dict[str, str]] = mapped_column(JSON)
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Revocation(Base):
    """Tokens issued up to `before` (unix seconds) count no longer: those of one sign-in, or of everything of a user.

    Every service asks for what is new by `transaction_id`. Its user alone writes a row; anybody reads it: it holds but ids.
    """

    __tablename__ = "revocations"
    __table_args__ = {"info": {"policy": "own_or_public"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    before: Mapped[int] = mapped_column(BigInteger)
    transaction_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"), index=True
    )
    is_public: Mapped[bool] = mapped_column(server_default=true())
    expires_at: Mapped[datetime] = mapped_column(index=True)


def role_of(roles: list[str]) -> str:
    """The highest of somebody's roles."""
    return "admin" if "admin" in roles else "user"
