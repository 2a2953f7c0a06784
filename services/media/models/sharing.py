"""Who else may read: links for anybody who has them, and audiences that another service keeps."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Integer, String, Text, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base


class Shared(StrEnum):
    """What a link shows."""

    TRACKS = "tracks"  # those of `file_ids`, in that order
    ALBUM = "album"
    PLAYLIST = "playlist"


class ShareLink(Base):
    """A link to some of a user's tracks. Its secret is made of its id and a key (`sharing.links`), so it can be shown again."""

    __tablename__ = "share_links"
    __table_args__ = ({"info": {"policy": "own"}},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    shared: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[UUID | None]  # of an album or a playlist
    file_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    description: Mapped[str | None] = mapped_column(Text)
    can_download: Mapped[bool] = mapped_column(Boolean, server_default="false")
    format: Mapped[str | None] = mapped_column(String(8))  # that it is played in, instead of the original
    max_bit_rate_kbps: Mapped[int | None] = mapped_column(Integer)
    expires_at: Mapped[datetime | None]
    visits: Mapped[int] = mapped_column(Integer, server_default="0")
    visited_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AudienceReader(Base):
    """That a user belongs to an audience, such as a chat, and may read what was shown to it."""

    __tablename__ = "audience_readers"
    __table_args__ = ({"info": {"policy": "internal"}},)

    audience_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)


class AudienceFile(Base):
    """That a file (audio or picture) was shown to an audience by its owner, who is `user_id`."""

    __tablename__ = "audience_files"
    __table_args__ = ({"info": {"policy": "internal"}},)

    audience_id: Mapped[UUID] = mapped_column(primary_key=True)
    file_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
