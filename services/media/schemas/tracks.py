"""Tracks in JSON, as Sinuzoid's client reads them: `duration` is ISO 8601 text, and paths end in names of the server's."""

from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Any
from uuid import UUID

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from services.media.library.files import Row
from services.media.models.files import State
from services.media.playing.playable import Addresses
from services.media.schemas.playlists import iso_duration
from shared.schemas import In, Line, Out, Text

MAX_TRACKS = 1_000  # changed at once
MAX_COMMENT_CHARACTERS = 10_000
MAX_LYRICS_CHARACTERS = 100_000
ONLY_READ = ("id", "edited_at")  # of MetadataOut
MOST = 99_999  # of tracks on a disc, or discs of an album


def _none_if_empty(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _number(value: Any) -> Any:
    """A form has text where we have numbers, and a tag may say `3/12`."""
    return _none_if_empty(value.partition("/")[0].strip()) if isinstance(value, str) else value


Empty = BeforeValidator(_none_if_empty)
Written = BeforeValidator(_number)
Tag = Annotated[Line | None, Empty]
Short = Annotated[Annotated[Line, Field(max_length=32)] | None, Empty]
Code = Annotated[Annotated[Line, Field(max_length=64)] | None, Empty]
Id = Annotated[Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")] | None, Empty]
Number = Annotated[Annotated[int, Field(ge=0, le=MOST)] | None, Written]
Year = Annotated[Annotated[int, Field(ge=1, le=9999)] | None, Written]
Tempo = Annotated[Annotated[float, Field(gt=0, le=1_000)] | None, Empty]
Comment = Annotated[Annotated[Text, Field(max_length=MAX_COMMENT_CHARACTERS)] | None, Empty]
Lyrics = Annotated[Annotated[Text, Field(max_length=MAX_LYRICS_CHARACTERS)] | None, Empty]


class Tags(Out):
    """What a track says of itself, or its owner of it."""

    title: str | None
    artist: str | None
    album: str | None
    albumartist: str | None
    composer: str | None
    date: str | None
    year: int | None
    genre: str | None
    track: int | None
    track_total: int | None
    disc: int | None
    disc_total: int | None
    comment: str | None
    bpm: float | None
    key: str | None
    remixer: str | None
    producer: str | None
    label: str | None
    catalog_number: str | None
    isrc: str | None
    barcode: str | None
    musicbrainz_id: str | None
    musicbrainz_album_id: str | None


class TrackOut(Tags):
    """A track with all its tags. `cover_thumbnail_path` and the addresses play by themselves, for some hours."""

    id: UUID
    user_id: UUID
    original_filename: str
    file_path: str
    file_size: int
    file_type: str | None
    duration: str
    upload_date: datetime
    last_accessed: datetime | None
    cover_path: str | None
    cover_thumbnail_path: str | None
    updated_at: datetime
    artist_id: UUID | None
    album_id: UUID | None
    has_lyrics: bool
    kind: str
    status: str
    duration_ms: int | None
    codec: str | None
    bit_rate_kbps: int | None
    sample_rate_hz: int | None
    channels: int | None
    bit_depth: int | None
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    starred_at: datetime | None
    rating: int | None
    play_count: int
    cover_url: str | None
    stream_url: str


class MetadataOut(Tags):
    """All that a track says of itself; `edited_at` tells when its owner last said otherwise than the file."""

    id: UUID
    lyrics: str | None
    synced_lyrics: str | None
    edited_at: datetime | None


class MetadataChange(In):
    """What is to be otherwise; what is not named stays, and null takes it away. What was read may be sent back whole."""

    title: Tag = None
    artist: Tag = None
    album: Tag = None
    album_artist: Tag = Field(default=None, validation_alias=AliasChoices("albumartist", "album_artist"))
    composer: Tag = None
    date: Short = None
    year: Year = None
    genre: Tag = None
    track_number: Number = Field(default=None, validation_alias=AliasChoices("track", "track_number"))
    track_total: Number = None
    disc_number: Number = Field(default=None, validation_alias=AliasChoices("disc", "disc_number"))
    disc_total: Number = None
    comment: Comment = None
    lyrics: Lyrics = None
    synced_lyrics: Lyrics = None
    bpm: Tempo = None
    musical_key: Short = Field(default=None, validation_alias=AliasChoices("key", "musical_key"))
    remixer: Tag = None
    producer: Tag = None
    label: Tag = None
    catalog_number: Code = None
    isrc: Short = None
    barcode: Short = None
    musicbrainz_id: Id = None
    musicbrainz_album_id: Id = None

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_only_read(cls, facts: Any) -> Any:
        """Sinuzoid's client fills a form with MetadataOut, and sends the form."""
        return {name: value for name, value in facts.items() if name not in ONLY_READ} if isinstance(facts, dict) else facts


class ManyChanges(In):
    """One change of many tracks."""

    track_ids: list[UUID] = Field(min_length=1, max_length=MAX_TRACKS)
    changes: MetadataChange


class NewLyrics(In):
    """Lyrics in place of those that there were; synced ones as LRC, in whichever of the two."""

    lyrics: Lyrics = None
    synced_lyrics: Lyrics = None


class LineOut(Out):
    """What is sung, and from when on."""

    start_ms: int
    text: str


class LyricsOut(Out):
    """The lyrics of a track; `lines` are those of `synced_lyrics`, by time."""

    track_id: UUID
    lyrics: str | None
    synced_lyrics: str | None
    lines: list[LineOut]


class ManyChangedOut(Out):
    """How many tracks are changed."""

    message: str
    updated_count: int


class DeletedOut(Out):
    """How many tracks are deleted."""

    message: str
    deleted_count: int


class SummaryOut(Out):
    """What a library holds."""

    total_tracks: int
    total_size: int
    total_duration: str
    total_duration_seconds: int
    total_artists: int
    total_albums: int


RENAMED = {"album_artist": "albumartist", "track_number": "track", "disc_number": "disc", "musical_key": "key"}
OF_US = ("object_key", "sort_title", "cover_key", "filename", "mime_type", "created_at", "played_at")  # told by other names


def tags(row: Row) -> dict[str, Any]:
    """A row's tags by the names that Sinuzoid's client has for them."""
    return {RENAMED.get(name, name): value for name, value in row.items()}


def shown(row: Row, addresses: Addresses) -> dict[str, Any]:
    """A row of `tracks.SHOWN` as TrackOut, with addresses that belong to its owner's sign-in."""
    file_id = row["id"]
    has_cover = row["cover_key"] is not None and row["status"] == State.READY
    fields = {name: value for name, value in tags(row).items() if name not in OF_US}
    return fields | {
        "original_filename": row["filename"],
        "file_path": f"/files/audio/{file_id}{PurePosixPath(row['object_key']).suffix}",
        "file_type": row["mime_type"],
        "duration": iso_duration(row["duration_ms"] or (row["duration"] or 0) * 1_000),
        "upload_date": row["created_at"],
        "last_accessed": row["played_at"],
        "cover_path": f"/files/cover/{file_id}.jpg" if has_cover else None,
        "cover_thumbnail_path": addresses.path(file_id, "medium") if has_cover else None,
        "cover_url": addresses.url(file_id, "cover") if has_cover else None,
        "stream_url": addresses.url(file_id),
    }
