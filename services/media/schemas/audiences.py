"""JSON of audiences."""

from uuid import UUID

from pydantic import Field

from shared.schemas import In

READERS_AT_MOST = 10_000


class AudienceReaders(In):
    """Everybody who belongs to an audience."""

    readers: list[UUID] = Field(max_length=READERS_AT_MOST)
