"""Sign-ins, the places they come from, and what was revoked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, String, func, text, true
from sqlalchemy.orm import Mapped, mapped_column

from services.auth.models.base import Base


class UserSession(Base):
    """A sign-in on one device. Its refresh tokens are not stored: they derive from `salt`; `generation` is the newest one's."""

    __tablename__ = "user_sessions"
    __table_args__ = {"info": {"policy": "own", "admin": True}}

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


class KnownPlace(Base):
    """A network and a device that somebody has signed in from: strangers' wrong guesses elsewhere never lock it out.

    `digest` is a keyed hash of the network. A sign-in from a place and device that is not here is told to the owner.
    """

    __tablename__ = "known_places"
    __table_args__ = {"info": {"policy": "own"}}

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    device: Mapped[str] = mapped_column(String(255), primary_key=True)
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Revocation(Base):
    """Tokens issued up to `before` (unix seconds) count no longer: those of one sign-in, or of everything of a user.

    Every service asks for what is new by `transaction_id`. Its user alone writes a row; anybody reads it: it holds but ids.
    """

    __tablename__ = "revocations"
    __table_args__ = {"info": {"policy": "own_or_public", "admin": True}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    before: Mapped[int] = mapped_column(BigInteger)
    transaction_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"), index=True
    )
    is_public: Mapped[bool] = mapped_column(server_default=true())
    expires_at: Mapped[datetime] = mapped_column(index=True)
