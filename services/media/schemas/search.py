"""What a search finds, and what is starred, in JSON."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from services.media.models.catalogue import Found
from services.media.schemas.catalogue import AlbumOut, ArtistOut
from services.media.schemas.tracks import TrackOut
from shared.schemas import In, Out


class FoundOut(Out):
    """Of each kind the best first. For more of one kind, ask for it alone."""

    tracks: list[TrackOut]
    albums: list[AlbumOut]
    artists: list[ArtistOut]


class SuggestionOut(Out):
    """Something that may be meant, by its name and kind."""

    kind: Found
    id: UUID
    text: str


class RatingChange(In):
    """One to five."""

    rating: int = Field(ge=1, le=5)


class OpinionOut(Out):
    """What you make of a track, an album or an artist."""

    id: UUID
    starred_at: datetime | None
    rating: int | None
    play_count: int
    played_at: datetime | None
