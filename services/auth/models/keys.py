"""The keys that sign access tokens."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.auth.models.base import Base


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
    state_since: Mapped[datetime] = mapped_column(server_default=func.now())
