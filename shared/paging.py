"""Cursor paging for lists that stay bare arrays: `Link` (RFC 8288) and `X-Total-Count` carry what an envelope would.

A cursor names the last row that was seen by what the list is sorted by, so rows that come and go meanwhile shift
nothing. Clients treat it as opaque.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from shared import json
from shared.errors import Invalid

ALL = 1_000  # rows of a seed's list where the client asks for no limit
LIMIT = 50  # rows of a new list
MAX_LIMIT = 100


class BadCursor(Invalid):
    """This cursor was not made by this list. Start again without one."""


def cursor(at: datetime | str, row_id: UUID) -> str:
    """The cursor that stands after a row of a list sorted by an instant or a text, then by id."""
    first = at if isinstance(at, str) else at.isoformat()
    return base64.urlsafe_b64encode(json.dumps([first, str(row_id)])).decode().rstrip("=")


def position(text: str) -> tuple[datetime, UUID]:
    """What `cursor` was made of, of a list sorted by an instant. Raises BadCursor."""
    at, row_id = text_position(text)
    try:
        instant = datetime.fromisoformat(at)
    except ValueError as reason:
        raise BadCursor from reason
    if instant.tzinfo is None:
        raise BadCursor
    return instant, row_id


def text_position(text: str) -> tuple[str, UUID]:
    """What `cursor` was made of, of a list sorted by a text. Raises BadCursor."""
    try:
        first, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(first, str):
            raise BadCursor
        return first, UUID(row_id)
    except (ValueError, TypeError, binascii.Error, AttributeError) as reason:
        raise BadCursor from reason


def headers(path: str, query: Sequence[tuple[str, str]], *, total: int, next_cursor: str | None) -> dict[str, str]:
    """The headers of one page. `query` is the request's own, so that the next page asks with the same filters."""
    return _headers(path, query, total, None if next_cursor is None else ("cursor", next_cursor))


def offset_headers(path: str, query: Sequence[tuple[str, str]], *, total: int, next_offset: int | None) -> dict[str, str]:
    """The same, of a list that is sorted by what changes, so that no row can mark a place."""
    return _headers(path, query, total, None if next_offset is None else ("offset", str(next_offset)))


def _headers(path: str, query: Sequence[tuple[str, str]], total: int, following: tuple[str, str] | None) -> dict[str, str]:
    found = {"X-Total-Count": str(total)}
    if following:
        kept = [(name, value) for name, value in query if name not in {"cursor", "offset", "skip"}]
        found["Link"] = f'<{path}?{urlencode([*kept, following])}>; rel="next"'
    return found
