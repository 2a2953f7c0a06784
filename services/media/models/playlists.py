"""Playlists and what is in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base


class Playlist(Base):
    """A playlist: tracks in an order of its owner's, or with `rules`, whatever meets them. `version` counts its changes.

    How many tracks it has, and how long they are, is written down with each change, because others may see that of a public one
    and not count its entries. With rules, both stay 0: they are known once it is looked at.
    """

    __tablename__ = "playlists"
    __table_args__ = (
        CheckConstraint("rules IS NULL OR NOT is_public", name="rules"),
        Index("ix_playlists_newest", "user_id", "created_at", "id"),
        Index("ix_playlists_public", "created_at", "id", postgresql_where=text("is_public")),
        Index("ix_playlists_popular", "track_count", "id", postgresql_where=text("is_public")),
        {"info": {"policy": "own_or_public"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    sort_name: Mapped[str] = mapped_column(String(255, collation="C"))  # folded
    description: Mapped[str | None] = mapped_column(Text)
    is_public: Mapped[bool] = mapped_column(Boolean, server_default="false")
    rules: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    track_count: Mapped[int] = mapped_column(Integer, server_default="0")
    duration_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PlaylistTrack(Base):
    """One entry of a playlist; a track may be in it twice. Entries are sorted by `position`, which may have gaps."""

    __tablename__ = "playlist_tracks"
    __table_args__ = (
        UniqueConstraint("playlist_id", "position", name="uq_playlist_tracks_position", deferrable=True),
        Index("ix_playlist_tracks_file", "file_id"),
        Index("ix_playlist_tracks_user", "user_id"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    playlist_id: Mapped[UUID] = mapped_column(ForeignKey("playlists.id", ondelete="CASCADE"))
    user_id: Mapped[UUID]
    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
