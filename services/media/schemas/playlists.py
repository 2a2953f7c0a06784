"""Playlists in JSON, as Sinuzoid's client reads them: every one has `tracks`, whose `duration` is ISO 8601 text."""

from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.media.library.files import Row
from services.media.library.tracks import MOST_TRACKS
from services.media.playing.playable import Playables
from shared.schemas import In, Line, Out, Text

MAX_DESCRIPTION_CHARACTERS = 5_000
Description = Annotated[Text, Field(max_length=MAX_DESCRIPTION_CHARACTERS)]
RULES = (
    '`all` or `any` of conditions such as `{"is": {"genre": "Jazz"}}`, nested at most five deep; `sort`, `order` and `limit`. '
    "Text: is, isNot, contains, notContains, startsWith, endsWith with title, album, artist, albumArtist, composer, genre, "
    "comment, key, fileType. Numbers: is, isNot, gt, lt, inTheRange with year, bpm, duration, size, bitRate, sampleRate, "
    "channels, trackNumber, discNumber, playCount, rating. Days: before, after, inTheRange, inTheLast, notInTheLast with "
    "dateAdded, lastPlayed, dateLoved. Yes or no: is, isNot with loved, hasCover."
)
Place = Annotated[int, Field(ge=0, le=1_000_000)]  # an index; one behind the last means behind the last


class NewPlaylist(In):
    """A playlist to be: empty, with some tracks, or with rules (see the documentation of smart playlists)."""

    name: Line
    description: Description | None = None
    is_public: bool = False
    rules: dict[str, Any] | None = Field(default=None, description=RULES)
    tracks: list[UUID] = Field(default=[], max_length=MOST_TRACKS)


class PlaylistChange(In):
    """What is to be otherwise; what is not named stays."""

    name: Line = ""
    description: Description | None = None
    is_public: bool = False
    rules: dict[str, Any] | None = None


class NewPlace(In):
    """Where a track goes: its index from 0; behind the last where there is none."""

    position: Place | None = None


class NewTracks(In):
    """Tracks to be put into a playlist, the first of them at `position`."""

    track_ids: list[UUID] = Field(min_length=1, max_length=MOST_TRACKS)
    position: Place | None = None


class TrackPlace(In):
    """Where a track is to stand."""

    track_id: UUID
    position: Place


class PlaylistTrackOut(Out):
    """A track of a playlist. `position` is its index from 0, `entry_id` tells two entries of one track apart."""

    id: UUID
    user_id: UUID
    original_filename: str
    file_path: str
    file_size: int
    file_type: str
    duration: str | None
    upload_date: datetime
    last_accessed: datetime | None
    updated_at: datetime
    cover_path: str | None
    cover_thumbnail_path: str | None
    title: str | None
    artist: str | None
    album: str | None
    stream_url: str
    cover_url: str | None
    entry_id: UUID | None
    position: int


class PlaylistOut(Out):
    """A playlist. `duration` is in seconds; `version` is its ETag. One with rules is counted once it is looked at."""

    id: UUID
    user_id: UUID
    name: str
    description: str | None
    is_public: bool
    rules: dict[str, Any] | None
    track_count: int | None
    duration: int | None
    version: int
    created_at: datetime
    updated_at: datetime
    tracks: list[PlaylistTrackOut]


class PlaylistsOut(Out):
    """Some playlists of `total`."""

    playlists: list[PlaylistOut]
    total: int


class FoundPlaylistsOut(Out):
    """What a search found."""

    playlists: list[PlaylistOut]
    total_results: int
    search_query: str
    search_in_tracks: bool
    search_in_description: bool


class SuggestionsOut(Out):
    """Names that begin so."""

    suggestions: list[str]


class PlaylistTracksOut(Out):
    """What is in a playlist."""

    tracks: list[PlaylistTrackOut]
    total: int


class FoundTracksOut(Out):
    """What a search in a playlist found."""

    tracks: list[PlaylistTrackOut]
    total_results: int
    search_query: str
    playlist_id: UUID


class ChangedOut(Out):
    """That it is done, and what the playlist is now: `version` is its new ETag."""

    message: str
    version: int
    track_count: int


def playlist(row: Row, tracks: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A row of `lists.SHOWN` as PlaylistOut; `tracks` are as `track` makes them, None where they are not shown."""
    fields = row.copy()
    fields["duration"] = fields.pop("duration_ms") // 1_000
    if fields["rules"] is not None:
        fields["track_count"] = None if tracks is None else len(tracks)
        fields["duration"] = None
    return fields | {"tracks": tracks or []}


def track(row: Row, playables: Playables, *, reader_id: UUID, session_id: UUID | None) -> dict[str, Any]:
    """A row of `entries.TRACK` as PlaylistTrackOut, with addresses for whoever reads it."""
    has_cover, file_id = row["cover_key"] is not None, row["id"]
    cover = playables.url(file_id, "cover", user_id=reader_id, session_id=session_id) if has_cover else None
    small = playables.path(file_id, "medium", user_id=reader_id, session_id=session_id) if has_cover else None
    return {
        "id": row["id"],
        "user_id": row["user_id"],
        "original_filename": row["filename"],
        "file_path": f"/files/audio/{file_id}{PurePosixPath(row['object_key']).suffix}",
        "file_size": row["file_size"],
        "file_type": row["mime_type"],
        "duration": iso_duration(row["duration_ms"] or (row["duration"] or 0) * 1_000),
        "upload_date": row["created_at"],
        "last_accessed": None,
        "updated_at": row["updated_at"],
        "cover_path": f"/files/cover/{file_id}.jpg" if has_cover else None,
        "cover_thumbnail_path": small,
        "title": row["title"],
        "artist": row["artist"],
        "album": row["album"],
        "stream_url": playables.url(row["id"], user_id=reader_id, session_id=session_id),
        "cover_url": cover,
        "entry_id": row["entry_id"],
        "position": row["position"],
    }


def iso_duration(duration_ms: int) -> str:
    """As ISO 8601 writes how long something is.

    >>> iso_duration(225_000), iso_duration(3_661_500), iso_duration(0)
    ('PT3M45S', 'PT1H1M2S', 'PT0S')
    """
    minutes, seconds = divmod(round(duration_ms / 1_000), 60)
    hours, minutes = divmod(minutes, 60)
    shown = [(hours, "H"), (minutes, "M"), (seconds, "S")]
    return "PT" + ("".join(f"{number}{unit}" for number, unit in shown if number) or "0S")
