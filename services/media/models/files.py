"""Audio files, and what is counted of them."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base, one_of


class State(StrEnum):
    """What may be said of a file's bytes."""

    UPLOADING = "uploading"  # intended: whatever the store holds of it is swept if its second transaction never comes
    PROCESSING = "processing"  # the bytes are there; a child process is looking at all of them, and nobody else may
    READY = "ready"  # it plays; loudness and waveform may still follow
    REJECTED = "rejected"  # it is not what is taken here; `error` says why, the bytes are gone
    DELETING = "deleting"  # its owner has deleted it: it no longer exists for anybody, a job deletes the bytes


FOLLOWS: Final = {
    State.UPLOADING: {State.PROCESSING, State.READY, State.REJECTED, State.DELETING},
    State.PROCESSING: {State.READY, State.REJECTED, State.DELETING},
    State.READY: {State.REJECTED, State.DELETING},  # rejected where the object store has lost its bytes
    State.REJECTED: {State.DELETING},
    State.DELETING: set[State](),
}
LISTED: Final = (State.PROCESSING, State.READY, State.REJECTED)  # its owner sees it under `/files`
PLAYABLE: Final = (State.READY,)  # its bytes may be read


class Kind(StrEnum):
    """Where a file comes from, which decides where it is listed."""

    UPLOAD = "upload"
    SONG = "song"
    RECORDING = "recording"  # of a practice session; `source_id` is the session
    EPISODE = "episode"


UNPLACED: Final = "catalogued_at IS NULL AND state = 'ready' AND kind IN ('upload', 'song')"
LIBRARY: Final = (Kind.UPLOAD, Kind.SONG)  # what `/files` shows unless asked otherwise


class AudioFile(Base):
    """One piece of audio of one user: what it is, what it says of itself, where its bytes are and how far it has come."""

    __tablename__ = "audio_files"
    __table_args__ = (
        CheckConstraint("file_size >= 0", name="size"),
        CheckConstraint(one_of("state", State), name="state"),
        CheckConstraint(one_of("kind", Kind), name="kind"),
        CheckConstraint(
            "state IN ('uploading', 'rejected', 'deleting') OR (object_key IS NOT NULL AND sha256 IS NOT NULL)", name="bytes"
        ),
        Index("ix_audio_files_newest", "user_id", "created_at", "id"),
        Index("ix_audio_files_titles", "user_id", "sort_title", "id"),
        Index("ix_audio_files_album", "user_id", "album_id", "disc_number", "track_number", "id"),
        Index("ix_audio_files_artist", "user_id", "artist_id"),
        Index("ix_audio_files_same", "user_id", "sha256"),
        Index("ix_audio_files_unfinished", "state", "updated_at", postgresql_where=text("state <> 'ready'")),
        Index("ix_audio_files_uncatalogued", "user_id", "id", postgresql_where=text(UNPLACED)),
        Index("ix_audio_files_unmeasured", "updated_at", postgresql_where=text("measured_at IS NULL AND state = 'ready'")),
        Index("uq_audio_files_source", "kind", "source_id", unique=True, postgresql_where=text("source_id IS NOT NULL")),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    filename: Mapped[str] = mapped_column(String(255))

    # What it says of itself, or its owner of it.
    title: Mapped[str | None] = mapped_column(String(255))
    artist: Mapped[str | None] = mapped_column(String(255))  # as it is shown, of several too
    album: Mapped[str | None] = mapped_column(String(255))
    album_artist: Mapped[str | None] = mapped_column(String(255))
    composer: Mapped[str | None] = mapped_column(String(255))
    genre: Mapped[str | None] = mapped_column(String(255))  # as it is shown, of several too
    date: Mapped[str | None] = mapped_column(String(32))  # as the tag has it: 1999, 1999-03 or 1999-03-31
    year: Mapped[int | None] = mapped_column(SmallInteger)
    track_number: Mapped[int | None] = mapped_column(Integer)
    track_total: Mapped[int | None] = mapped_column(Integer)
    disc_number: Mapped[int | None] = mapped_column(Integer)
    disc_total: Mapped[int | None] = mapped_column(Integer)
    comment: Mapped[str | None] = mapped_column(Text)
    lyrics: Mapped[str | None] = mapped_column(Text)
    synced_lyrics: Mapped[str | None] = mapped_column(Text)  # LRC: [mm:ss.xx] before each line
    bpm: Mapped[float | None] = mapped_column(Double)
    musical_key: Mapped[str | None] = mapped_column(String(32))
    remixer: Mapped[str | None] = mapped_column(String(255))
    producer: Mapped[str | None] = mapped_column(String(255))
    label: Mapped[str | None] = mapped_column(String(255))
    catalog_number: Mapped[str | None] = mapped_column(String(64))
    isrc: Mapped[str | None] = mapped_column(String(32))
    barcode: Mapped[str | None] = mapped_column(String(32))
    musicbrainz_id: Mapped[str | None] = mapped_column(String(36))  # of the recording
    musicbrainz_album_id: Mapped[str | None] = mapped_column(String(36))
    edited_at: Mapped[datetime | None]  # its owner said otherwise since; what the file says of itself overwrites nothing then

    # Its place in the library (`library.catalogue` keeps it).
    sort_title: Mapped[str | None] = mapped_column(String(255, collation="C"))  # folded
    artist_id: Mapped[UUID | None]
    album_id: Mapped[UUID | None]
    catalogued_at: Mapped[datetime | None]

    # What its bytes are.
    duration: Mapped[int | None] = mapped_column(Integer)  # seconds, seed 004
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    file_size: Mapped[int] = mapped_column(BigInteger)  # bytes; while uploading, what is reserved for it
    mime_type: Mapped[str | None] = mapped_column(String(100))
    codec: Mapped[str | None] = mapped_column(String(32))
    bit_rate_kbps: Mapped[int | None] = mapped_column(Integer)
    sample_rate_hz: Mapped[int | None] = mapped_column(Integer)
    channels: Mapped[int | None] = mapped_column(SmallInteger)
    bit_depth: Mapped[int | None] = mapped_column(SmallInteger)
    loudness_lufs: Mapped[float | None] = mapped_column(Double)  # integrated, EBU R128
    loudness_range_lu: Mapped[float | None] = mapped_column(Double)
    true_peak_dbtp: Mapped[float | None] = mapped_column(Double)
    measured_at: Mapped[datetime | None]  # when loudness and waveform were taken, or given up

    # Where its bytes are, and how far it has come.
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[UUID | None]
    bucket: Mapped[str | None] = mapped_column(String(63))
    object_key: Mapped[str | None] = mapped_column(String(255))
    sha256: Mapped[str | None] = mapped_column(String(64))
    playable_key: Mapped[str | None] = mapped_column(String(255))  # of the remuxed twin, where the original does not seek
    playable_size: Mapped[int | None] = mapped_column(BigInteger)
    playable_sha256: Mapped[str | None] = mapped_column(String(64))
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
    """How many files of one kind and state a user has, and how much of them. Triggers of `audio_files` keep it: counting
    100,000 rows takes 12 ms.
    """

    __tablename__ = "file_counts"
    __table_args__ = ({"info": {"policy": "own"}},)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(20), primary_key=True)
    files: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[int] = mapped_column(BigInteger)


class Waveform(Base):
    """What a player draws of a file: `peaks` is int8 (buckets, 2), least and greatest of each bucket in 1/127 of full scale."""

    __tablename__ = "waveforms"
    __table_args__ = ({"info": {"policy": "own"}},)

    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    peaks: Mapped[bytes] = mapped_column(LargeBinary)


class Rendition(Base):
    """A file in another format, made on demand and kept while there is room; `ready_at` says that its object is whole."""

    __tablename__ = "renditions"
    __table_args__ = (
        Index("uq_renditions_form", "file_id", "format", "bit_rate_kbps", unique=True),
        Index("ix_renditions_used", "used_at"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"))
    format: Mapped[str] = mapped_column(String(8))  # opus, aac or mp3
    bit_rate_kbps: Mapped[int] = mapped_column(Integer)
    bucket: Mapped[str] = mapped_column(String(63))
    object_key: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ready_at: Mapped[datetime | None]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
