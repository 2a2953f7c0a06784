"""Artists, albums and genres in JSON."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.media.library.files import Row
from services.media.playing.playable import Playables
from services.media.schemas.tracks import TrackOut
from shared.schemas import Out


class ArtistOut(Out):
    """Somebody in a library: on how many albums of theirs and tracks, and what its listener makes of them."""

    id: UUID
    name: str
    album_count: int
    song_count: int
    starred_at: datetime | None
    rating: int | None
    play_count: int
    played_at: datetime | None
    cover_url: str | None


class AlbumOut(Out):
    """An album of a library."""

    id: UUID
    name: str
    artist: str
    artist_id: UUID | None
    year: int | None
    genre: str | None
    song_count: int
    duration_ms: int
    size_bytes: int
    musicbrainz_id: str | None
    created_at: datetime
    starred_at: datetime | None
    rating: int | None
    play_count: int
    played_at: datetime | None
    cover_url: str | None


class ArtistAndAlbumsOut(ArtistOut):
    """An artist, their albums by year, and the albums of others that they play on."""

    albums: list[AlbumOut]
    appears_on: list[AlbumOut]


class AlbumAndTracksOut(AlbumOut):
    """An album and its tracks, in its order."""

    tracks: list[TrackOut]


class GenreOut(Out):
    """A genre of a library."""

    name: str
    song_count: int
    album_count: int


HIDDEN = ("sort_name", "cover_file_id")


def shown(row: Row, playables: Playables, *, user_id: UUID, session_id: UUID | None) -> dict[str, Any]:
    """A row of `artists.SHOWN` or `albums.SHOWN`, with its cover."""
    cover = row["cover_file_id"]
    url = playables.url(cover, "cover", user_id=user_id, session_id=session_id) if cover else None
    return {name: value for name, value in row.items() if name not in HIDDEN} | {"cover_url": url}
