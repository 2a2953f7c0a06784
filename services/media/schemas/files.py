"""JSON in and out of media."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.media.models.files import State
from services.media.playing.playable import Addresses
from shared.schemas import In, Out

MAX_ADDRESSES = 1_000  # asked for at once; the longest list there is


class FileOut(Out):
    """An audio file. `duration` is in seconds; `stream_url` and `cover_url` play without a token, for some hours."""

    id: UUID
    user_id: UUID
    filename: str
    title: str | None
    artist: str | None
    album: str | None
    duration: int | None
    file_size: int
    mime_type: str | None
    status: str
    kind: str
    error: str | None
    created_at: datetime
    cover_url: str | None
    stream_url: str | None


class Sound(BaseModel):
    """How a file is to sound: as it is, or in another format, at a bit rate at most, from a second on."""

    format: Literal["opus", "aac", "mp3", "raw"] | None = None
    max_bit_rate_kbps: int = Field(default=0, ge=0, le=10_000, alias="maxBitRate")
    offset_seconds: float = Field(default=0, ge=0, le=1_000_000, alias="timeOffset")


class UploadedOut(FileOut):
    """The same, and which older file of yours has the same bytes; its own id where it is that one, and nothing was kept."""

    duplicate_of: UUID | None


class StorageOut(Out):
    """Bytes of yours, and how many there may be; `usage_percentage` is between 0 and 100."""

    quota: int
    used: int
    available: int
    usage_percentage: float
    quota_formatted: str
    used_formatted: str
    available_formatted: str


class CoversOut(Out):
    """Addresses of a cover: whole, and at most 150, 300 and 600 pixels a side."""

    cover: str
    small: str
    medium: str
    large: str


class RecordingOut(Out):
    """A stored recording of a practice session; `id` is the file's."""

    id: UUID
    duration: int | None
    size_bytes: int
    mime_type: str
    sha256: str


class NewAddresses(In):
    """Which files are to be played."""

    file_ids: list[UUID] = Field(max_length=MAX_ADDRESSES)


def shown(row: dict[str, Any], addresses: Addresses) -> dict[str, Any]:
    """A row of `files.SHOWN` as FileOut, with addresses that belong to its owner's sign-in."""
    fields = row.copy()
    file_id = fields["id"]
    has_cover = fields.pop("cover_key") is not None and fields["status"] == State.READY
    plays = fields["status"] in (State.PROCESSING, State.READY)  # it does once it is ready
    fields["cover_url"] = addresses.url(file_id, "cover") if has_cover else None
    fields["stream_url"] = addresses.url(file_id) if plays else None
    return fields
