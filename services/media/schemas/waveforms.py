"""JSON of what was made of files."""

from uuid import UUID

from shared.schemas import Out


class WaveformOut(Out):
    """`peaks` holds `buckets` pairs: least and greatest level of each, from -127 to 127."""

    buckets: int
    peaks: list[int]


class CoveredOut(Out):
    """The tracks that show a new cover, and an address of it for `<img>`."""

    file_ids: list[UUID]
    cover_url: str | None
