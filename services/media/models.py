"""The tables of media."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text, Uuid, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared import db
from shared.tables import Instant


class State(StrEnum):
    """What may be said of a file's bytes."""

    UPLOADING = "uploading"  # intended: whatever the store holds of it is swept if its second transaction never comes
    PROCESSING = "processing"  # the bytes are there and play; tags and cover are being read
    READY = "ready"  # everything that can be known is known
    DELETING = "deleting"  # its owner has deleted it: it no longer exists for anybody, a job deletes the bytes


FOLLOWS: Final = {
    State.UPLOADING: {State.PROCESSING, State.READY, State.DELETING},
    State.PROCESSING: {State.READY, State.DELETING},
    State.READY: {State.DELETING},
    State.DELETING: set[State](),
}
PLAYABLE: Final = (State.PROCESSING, State.READY)  # its bytes may be read, and its owner sees it listed


class Kind(StrEnum):
    """Where a file comes from, which decides where it is listed."""

    UPLOAD = "upload"
    SONG = "song"
    RECORDING = "recording"  # of a practice session; `source_id` is the session
    EPISODE = "episode"


LIBRARY: Final = (Kind.UPLOAD, Kind.SONG)  # what `/files` shows unless asked otherwise


class Base(DeclarativeBase):
    """The parent of media's tables."""

    metadata = db.metadata()
    type_annotation_map: Any = {datetime: Instant, UUID: Uuid()}


class AudioFile(Base):
    """One piece of audio of one user: what it is, where its bytes are and how far it has come."""

    __tablename__ = "audio_files"
    __table_args__ = (
        CheckConstraint("file_size >= 0", name="size"),
        CheckConstraint(f"state IN ({', '.join(repr(each.value) for each in State)})", name="state"),
        CheckConstraint(f"kind IN ({', '.join(repr(each.value) for each in Kind)})", name="kind"),
        CheckConstraint("state = 'uploading' OR (object_key IS NOT NULL AND sha256 IS NOT NULL)", name="bytes"),
        Index("ix_audio_files_newest", "user_id", "created_at", "id"),
        Index("ix_audio_files_unfinished", "state", "updated_at", postgresql_where=text("state <> 'ready'")),
        Index("uq_audio_files_source", "kind", "source_id", unique=True, postgresql_where=text("source_id IS NOT NULL")),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    filename: Mapped[str] = mapped_column(String(255))
    title: Mapped[str | None] = mapped_column(String(255))
    artist: Mapped[str | None] = mapped_column(String(255))
    album: Mapped[str | None] = mapped_column(String(255))
    duration: Mapped[int | None] = mapped_column(Integer)  # seconds, seed 004
    file_size: Mapped[int] = mapped_column(BigInteger)  # bytes; while uploading, what is reserved for it
    mime_type: Mapped[str | None] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[UUID | None]
    bucket: Mapped[str | None] = mapped_column(String(63))
    object_key: Mapped[str | None] = mapped_column(String(255))
    sha256: Mapped[str | None] = mapped_column(String(64))
    cover_key: Mapped[str | None] = mapped_column(String(255))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class StorageUse(Base):
    """How many bytes one user's files take, those being uploaded included. The row is the lock that a quota needs."""

    __tablename__ = "storage_use"
    __table_args__ = (CheckConstraint("used_bytes >= 0", name="used"), {"info": {"policy": "own"}})

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    used_bytes: Mapped[int] = mapped_column(BigInteger)


class FileCount(Base):
    """How many files of one kind a user's list shows. Triggers of `audio_files` keep it: counting 100,000 rows takes 12 ms."""

    __tablename__ = "file_counts"
    __table_args__ = ({"info": {"policy": "own"}},)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    listed: Mapped[int] = mapped_column(Integer)
