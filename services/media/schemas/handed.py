"""JSON in of what other services made."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from services.media.models.files import Kind
from shared.schemas import In, Line, Text


class Made(StrEnum):
    """What another service makes."""

    SONG = Kind.SONG.value
    EPISODE = Kind.EPISODE.value


class HandedFile(In):
    """What something made is called, and what its maker says of it; what is not said, its tags say."""

    kind: Made
    source_id: UUID
    filename: Line
    title: Line | None = None
    artist: Line | None = None
    album: Line | None = None
    genre: Line | None = None
    comment: Text | None = Field(default=None, max_length=4000)
    lyrics: Text | None = Field(default=None, max_length=50_000)

    def told(self) -> dict[str, Any]:
        """What its maker says of it, by the names of our columns."""
        return self.model_dump(exclude={"kind", "source_id", "filename", "audio"}, exclude_none=True)


class NewFile(HandedFile):
    """The same with its bytes: `data:audio/webm;codecs=opus;base64,...`, at most 16 MiB of them."""

    audio: str
