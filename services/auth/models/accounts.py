"""People: accounts, what they tell of themselves, and what they answered when they began."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, func, text, true
from sqlalchemy.orm import Mapped, mapped_column

from services.auth.models.base import Base


class User(Base):
    """An account. `email` is kept in lower case; a `username` keeps its case and is unique without it.

    `password` is a hash, or empty where there is none (somebody who came from another provider): that one matches nothing.
    `auth_provider` is how the account was made (seed 003).
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("ix_users_username_lower", func.lower(text("username")), unique=True),
        {"info": {"policy": "own", "admin": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    username: Mapped[str | None] = mapped_column(String(50))
    name: Mapped[str] = mapped_column(String(255), server_default="")
    password: Mapped[str] = mapped_column(String(255))
    roles: Mapped[list[str]] = mapped_column(JSON)
    is_active: Mapped[bool] = mapped_column(server_default=true())
    auth_provider: Mapped[str] = mapped_column(String(50), server_default="email")
    email_confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_login_at: Mapped[datetime | None]

    @property
    def role(self) -> str:
        """The one word that seed 004's client reads."""
        return role_of(self.roles)


class UserProfile(Base):
    """What somebody tells of themselves; one row for each user. `time_zone` is an IANA name, or empty."""

    __tablename__ = "user_profiles"
    __table_args__ = {"info": {"policy": "own", "admin": True}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    first_name: Mapped[str | None] = mapped_column(String(100))
    last_name: Mapped[str | None] = mapped_column(String(100))
    avatar: Mapped[str | None] = mapped_column(String(255))
    birth_date: Mapped[date | None]
    time_zone: Mapped[str] = mapped_column(String(64), server_default="")
    bio: Mapped[str] = mapped_column(String(2000), server_default="")
    preferences: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")


class OnboardingResponse(Base):
    """One answer of the questions an app asks a newcomer (EchoGen); the newest set replaces the one before."""

    __tablename__ = "onboarding_responses"
    __table_args__ = {"info": {"policy": "own"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    question_id: Mapped[str] = mapped_column(String(100))
    question: Mapped[str] = mapped_column(String(1000))
    answer: Mapped[Any] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EmailChange(Base):
    """A change of address that both addresses have to confirm; one at a time for each user."""

    __tablename__ = "email_changes"
    __table_args__ = {"info": {"policy": "own"}}

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    new_email: Mapped[str] = mapped_column(String(255))
    old_confirmed_at: Mapped[datetime | None]
    new_confirmed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


NOWHERE = ".invalid"  # a domain that receives no mail, ever (RFC 2606), and that nobody can register with


def receives_no_mail(email: str) -> bool:
    """Whether this is the stand-in of an account without an address: nothing is sent there, and nobody is asked there."""
    return email.endswith(NOWHERE)


def role_of(roles: list[str]) -> str:
    """The highest of somebody's roles."""
    return "admin" if "admin" in roles else "user"
