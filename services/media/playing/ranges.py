"""Range, If-Range and If-None-Match (RFC 9110), for one range at a time.

Several ranges in one request are answered with the whole, as the RFC allows: no player asks for them, and joining costs memory.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from services.media.errors import RangeOutside

ONE_RANGE = re.compile(r"bytes=([0-9]{0,1000})-([0-9]{0,1000})")


def wanted(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """First and last byte of the range that is asked for; None means the whole. Raises RangeOutside.

    >>> wanted("bytes=0-99", 1000), wanted("bytes=900-", 1000), wanted("bytes=-1", 1000)
    ((0, 99), (900, 999), (999, 999))
    >>> wanted("bytes=0-1,5-6", 1000), wanted("bytes=9-3", 1000), wanted("minutes=1-2", 1000)
    (None, None, None)
    """
    match = ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size_bytes - int(last)), size_bytes - 1
    else:
        start, end = int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1
        if last and int(last) < start:
            return None
    if start >= size_bytes or end < start:
        raise RangeOutside(size_bytes=size_bytes)
    return start, end


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether the client holds these very bytes.

    >>> is_known('"a", W/"b"', '"b"'), is_known("*", '"b"'), is_known('"a"', '"b"'), is_known(None, '"b"')
    (True, True, False, False)
    """
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def still_holds(if_range: str | None, etag: str, modified_at: datetime) -> bool:
    """Whether a range may be answered: what the client has the rest of is unchanged. A weak tag never holds."""
    if if_range is None or if_range == etag:
        return True
    if if_range.startswith(('"', "W/")):
        return False
    try:
        return parsedate_to_datetime(if_range) == modified_at.replace(microsecond=0)
    except (ValueError, TypeError):
        return False


def http_date(at: datetime) -> str:
    """As Last-Modified has it."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
