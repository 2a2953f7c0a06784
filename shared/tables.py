"""The tables that every service's schema has besides its own: they belong to mechanisms of `shared`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text, Uuid, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared import db

Instant = TIMESTAMP(timezone=True)


class Common(DeclarativeBase):
    """The parent of the tables below; `shared.migrations` compares them with each schema too."""

    metadata = db.metadata()
    type_annotation_map: Any = {datetime: Instant, UUID: Uuid()}


class IdempotencyKey(Common):
    """A creating request that named itself with `Idempotency-Key`, and the answer it got (see `shared.idempotency`)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = {"info": {"policy": "own"}}

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    holder: Mapped[UUID]
    held_until: Mapped[datetime]  # of one that has been answered: when
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class InboxEvent(Common):
    """An event that this service has taken from another; a second delivery finds the row and does nothing."""

    __tablename__ = "inbox"
    __table_args__ = {"info": {"policy": "internal"}}

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(100))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class RateWindow(Common):
    """How often something limited happened since its window began. `subject` names the limit and a hash of who it counts.

    It holds nothing of a user's, and is counted before anybody is known: hence no policy.
    """

    __tablename__ = "rate_windows"
    __table_args__ = {"info": {"policy": None}}

    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int] = mapped_column(BigInteger)
