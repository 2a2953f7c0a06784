"""What arrives part by part: resumable uploads (tus 1.0), and the recordings of practice that is still going on."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base, one_of


class Progress(StrEnum):
    """How far a resumable upload has come."""

    RECEIVING = "receiving"
    JOINING = "joining"  # every byte is here; a job makes one object of them, which its file row then names
    DONE = "done"  # the file is there, or was rejected; parts are gone
    ENDED = "ended"  # terminated by its owner, or expired; a job deletes its parts


class Upload(Base):
    """A resumable upload. Bytes count once their part is an object and its row is committed; `received_bytes` is their sum.

    Whoever writes to it is its `holder`; a later writer takes it over, and the earlier then fails.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("length_bytes IS NULL OR received_bytes <= length_bytes", name="length"),
        CheckConstraint(one_of("progress", Progress), name="progress"),
        Index("ix_uploads_expiry", "expires_at"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    length_bytes: Mapped[int | None] = mapped_column(BigInteger)  # unknown while deferred
    received_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reserved_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")  # of the quota
    metadata_header: Mapped[str | None] = mapped_column(Text)  # as it was sent: HEAD echoes it
    filename: Mapped[str] = mapped_column(String(255))
    progress: Mapped[str] = mapped_column(String(16))
    file_id: Mapped[UUID | None]  # of the audio file that it became
    holder: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class UploadPart(Base):
    """A run of bytes of an upload, kept as an object under `joining.folder`; numbers go up from 0 without a gap."""

    __tablename__ = "upload_parts"
    __table_args__ = (CheckConstraint("size_bytes > 0", name="size"), {"info": {"policy": "own"}})

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    object_key: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)


class RecordingChunk(Base):
    """A piece of the recording of a practice session that is still running, an object under `chunks.folder`.

    It counts against the quota until all that there are become one file, or are thrown away.
    """

    __tablename__ = "recording_chunks"
    __table_args__ = (
        CheckConstraint("size_bytes > 0 AND number >= 0", name="size"),
        Index("ix_recording_chunks_user_id", "user_id"),
        Index("ix_recording_chunks_stored", "stored_at"),
        {"info": {"policy": "own"}},
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[UUID]
    object_key: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    stored_at: Mapped[datetime] = mapped_column(server_default=func.now())
