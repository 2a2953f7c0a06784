"""Listening: what was played, what a listener thinks of it, and where they stopped."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base

_IS_STARRED = text("starred_at IS NOT NULL")
_IS_RATED = text("rating IS NOT NULL")
_IS_PLAYED = text("play_count > 0")
_HAS_TIME = text("played_at IS NOT NULL")


class Play(Base):
    """That somebody listened to a track; only a scrobble or a play event makes one, never a stream. Said twice, it is one."""

    __tablename__ = "plays"
    __table_args__ = (
        CheckConstraint("listened_seconds >= 0", name="listened"),
        Index("uq_plays_once", "user_id", "file_id", "played_at", unique=True),
        Index("ix_plays_when", "user_id", "played_at"),
        Index("ix_plays_file", "file_id"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]  # the listener
    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"))
    played_at: Mapped[datetime]
    listened_seconds: Mapped[float] = mapped_column(Double)
    track_seconds: Mapped[float | None] = mapped_column(Double)
    completed: Mapped[bool] = mapped_column(Boolean)
    skipped: Mapped[bool] = mapped_column(Boolean)
    client: Mapped[str | None] = mapped_column(String(100))


class Annotation(Base):
    """What one listener makes of one track, album or artist: star, rating, and their plays counted."""

    __tablename__ = "annotations"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("ix_annotations_target", "target_id"),
        Index(
            "ix_annotations_starred",
            "user_id",
            "target",
            "starred_at",
            "target_id",
            postgresql_where=text("starred_at IS NOT NULL"),
        ),
        Index("ix_annotations_rated", "user_id", "target", "rating", "target_id", postgresql_where=_IS_RATED),
        Index("ix_annotations_played", "user_id", "target", "play_count", "target_id", postgresql_where=_IS_PLAYED),
        Index(
            "ix_annotations_recent",
            "user_id",
            "target",
            "played_at",
            "target_id",
            postgresql_where=text("played_at IS NOT NULL"),
        ),
        {"info": {"policy": "own"}},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(String(8), primary_key=True)  # track, album or artist
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    starred_at: Mapped[datetime | None]
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    rated_at: Mapped[datetime | None]
    play_count: Mapped[int] = mapped_column(Integer, server_default="0")
    completed_count: Mapped[int] = mapped_column(Integer, server_default="0")
    skip_count: Mapped[int] = mapped_column(Integer, server_default="0")
    listened_seconds: Mapped[float] = mapped_column(Double, server_default="0")
    played_at: Mapped[datetime | None]  # last


class PlayQueue(Base):
    """What a user was about to play, so that another of their players goes on with it."""

    __tablename__ = "play_queues"
    __table_args__ = ({"info": {"policy": "own"}},)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    file_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    current_index: Mapped[int | None] = mapped_column(Integer)
    position_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[str] = mapped_column(String(100), server_default="")


class Bookmark(Base):
    """Where a user stopped within a long track."""

    __tablename__ = "bookmarks"
    __table_args__ = ({"info": {"policy": "own"}},)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"), primary_key=True, index=True)
    position_ms: Mapped[int] = mapped_column(BigInteger)
    comment: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NowPlaying(Base):
    """What one player of a user says that it is playing just now."""

    __tablename__ = "now_playing"
    __table_args__ = ({"info": {"policy": "own"}},)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(100), primary_key=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"), index=True)
    position_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    state: Mapped[str] = mapped_column(String(16), server_default="playing")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
