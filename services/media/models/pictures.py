"""Pictures: avatars, chat images, covers."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, func
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base, one_of


class Purpose(StrEnum):
    """What a picture is for."""

    AVATAR = "avatar"
    CHAT = "chat"
    COVER = "cover"


class Picture(Base):
    """A picture of one user, re-encoded without its metadata. Seed 003's table `media`; `media_url` is a path."""

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint(one_of("purpose", Purpose), name="purpose"),
        Index("ix_media_newest", "user_id", "uploaded_at", "id"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    media_url: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    purpose: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(20))  # as an audio file's
    bucket: Mapped[str] = mapped_column(String(63))
    object_key: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
