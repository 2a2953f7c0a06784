"""JSON in and out of what was listened to. Times are seconds; rates are parts of one."""

import datetime as dates
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field, field_validator

from services.media.errors import PlayedInFuture
from shared import clock
from shared.schemas import In, Instant, Out

LONGEST_SECONDS = 7 * 86_400  # that one play may take
WRONG_CLOCK = timedelta(minutes=5)  # that a player's clock may be ahead


class NewPlayEvent(In):
    """That a track was listened to. With `played_at`, an event sent twice counts once; without, it was just now."""

    track_id: UUID
    listen_duration: float = Field(ge=0, le=LONGEST_SECONDS)
    track_duration: float | None = Field(default=None, ge=0, le=LONGEST_SECONDS)
    completed: bool = False
    skipped: bool = False
    played_at: Instant | None = None

    @field_validator("played_at")
    @classmethod
    def _was(cls, at: datetime | None) -> datetime | None:
        if at and at > clock.now() + WRONG_CLOCK:
            raise ValueError(PlayedInFuture.detail())
        return at


class NewRating(In):
    """One to five stars for a track."""

    track_id: UUID
    rating: int = Field(ge=1, le=5)


class OverviewOut(Out):
    """A library and what was listened to of it. `total_duration` is of its tracks, `total_size` in bytes."""

    total_tracks: int
    total_duration: int
    total_size: int
    total_artists: int
    total_albums: int
    total_genres: int
    total_playlists: int
    total_plays: int
    total_listen_time: float
    unique_tracks_played: int
    completed_plays: int
    skipped_plays: int
    completion_rate: float | None
    rated_tracks: int
    average_rating: float | None
    starred_tracks: int
    last_played_at: datetime | None


class MyTrackOut(Out):
    """What you make of one track. A skipped play counts in `skip_count` alone, its seconds in `total_listen_time` too."""

    track_id: UUID
    play_count: int
    completed_count: int
    skip_count: int
    completion_rate: float | None
    total_listen_time: float
    rating: int | None
    starred: bool
    last_played_at: datetime | None


class ListedTrackOut(MyTrackOut):
    """The same, with what the track says of itself. `duration` is in seconds."""

    title: str
    artist: str | None
    album: str | None
    duration: int | None


class TopArtistOut(Out):
    """An artist of your library, with your plays of their tracks."""

    artist_id: UUID
    name: str
    song_count: int
    play_count: int
    total_listen_time: float
    last_played_at: datetime | None


class SummaryOut(Out):
    """What you have listened to, and what you play most."""

    total_plays: int
    total_listen_time: float
    unique_tracks_played: int
    completed_plays: int
    skipped_plays: int
    completion_rate: float | None
    rated_tracks: int
    average_rating: float | None
    starred_tracks: int
    last_played_at: datetime | None
    top_track: ListedTrackOut | None
    top_artist: TopArtistOut | None


class TrackSummaryOut(Out):
    """What everybody who hears a track makes of it together; nobody is named."""

    track_id: UUID
    total_plays: int
    listeners: int
    total_listen_time: float
    completed_plays: int
    skipped_plays: int
    completion_rate: float | None
    average_rating: float | None
    ratings: int
    stars: int


class GlobalTrackOut(Out):
    """One of the most played tracks that you may read: yours, and those of public playlists with everybody's plays."""

    track_id: UUID
    title: str
    artist: str | None
    album: str | None
    duration: int | None
    play_count: int
    listeners: int
    total_listen_time: float


class DayOut(Out):
    """One day."""

    date: dates.date
    plays: int
    listen_time: float


class HabitsOut(Out):
    """When you listen, by the days and hours of `timezone`: plays of each day, of 24 hours, of 7 weekdays from Monday."""

    days: int
    timezone: str
    total_plays: int
    total_listen_time: float
    by_day: list[DayOut]
    by_hour: list[int]
    by_weekday: list[int]
    most_active_hour: int | None
    most_active_weekday: int | None
