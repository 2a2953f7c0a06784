"""Share links in JSON: as their owner sees them, and as whoever has one does."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.media.library.files import Row
from services.media.schemas.playlists import iso_duration
from shared import clock
from shared.schemas import In, Instant, Out, Text

MAX_TRACKS = 1_000  # that one link names; an album or a playlist may have more
MAX_DESCRIPTION_CHARACTERS = 1_000
Description = Annotated[Text, Field(max_length=MAX_DESCRIPTION_CHARACTERS)]


class ShareChange(In):
    """What is to be otherwise with a link; what is not named stays. `expires_at` null: it does not end.

    With `format` or `max_bit_rate_kbps` it is played so, instead of as it was uploaded; downloads are the originals.
    """

    description: Description | None = None
    can_download: bool = False
    format: Literal["opus", "aac", "mp3"] | None = None
    max_bit_rate_kbps: int | None = Field(default=None, ge=32, le=10_000)
    expires_at: Instant | None = None

    @model_validator(mode="after")
    def ends_in_the_future(self) -> Self:
        """A link that is over from the start is a mistake."""
        if self.expires_at is not None and self.expires_at <= clock.now():
            raise ValueError("expires_at has passed")
        return self


class NewShare(ShareChange):
    """What a link leads to: `tracks`, or an album, or a playlist of yours; and until when."""

    tracks: list[UUID] = Field(default=[], max_length=MAX_TRACKS)
    album_id: UUID | None = None
    playlist_id: UUID | None = None

    @model_validator(mode="after")
    def leads_to_one_thing(self) -> Self:
        """Exactly one of the three is named."""
        if sum(map(bool, (self.tracks, self.album_id, self.playlist_id))) != 1:
            raise ValueError("name tracks, album_id or playlist_id, and only one of them")
        return self


class ShareOut(Out):
    """A link of yours. `url` is its address; `visits` counts how often somebody looked at what it leads to."""

    id: UUID
    url: str
    shared: str
    target_id: UUID | None
    file_ids: list[UUID]
    description: str | None
    can_download: bool
    format: str | None
    max_bit_rate_kbps: int | None
    expires_at: datetime | None
    visits: int
    visited_at: datetime | None
    created_at: datetime


class SharedTrackOut(Out):
    """A track that a link leads to, with addresses that end with the link."""

    id: UUID
    title: str
    artist: str | None
    album: str | None
    duration: str
    mime_type: str
    stream_url: str
    cover_url: str | None
    download_url: str | None


class SharedOut(Out):
    """What a link leads to. It names nobody."""

    title: str
    description: str | None
    shared: str
    can_download: bool
    expires_at: datetime | None
    zip_url: str | None
    tracks: list[SharedTrackOut]


def share(row: Row, url: str) -> dict[str, Any]:
    """A row of `links.SHOWN` as ShareOut."""
    return {name: value for name, value in row.items() if name != "user_id"} | {"url": url}


def shared(link: Row, title: str, tracks: list[Row], url: str) -> dict[str, Any]:
    """What a link leads to, as SharedOut."""
    told = {name: link[name] for name in ("description", "shared", "can_download", "expires_at")}
    zipped = f"{url}/zip" if link["can_download"] and tracks else None
    return {"title": title, "zip_url": zipped, "tracks": [_track(link, row, url) for row in tracks]} | told


def _track(link: Row, row: Row, url: str) -> dict[str, Any]:
    its = f"{url}/{row['id']}"
    return {
        "id": row["id"],
        "title": row["title"] or row["filename"],
        "artist": row["artist"],
        "album": row["album"],
        "duration": iso_duration(row["duration_ms"] or (row["duration"] or 0) * 1_000),
        "mime_type": row["mime_type"],
        "stream_url": f"{its}/stream",
        "cover_url": f"{its}/cover" if row["cover_key"] else None,
        "download_url": f"{its}/download" if link["can_download"] else None,
    }
