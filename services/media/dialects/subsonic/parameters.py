"""Parameters of a request, from its query and its form (`formPost`): either may hold any of them, and one several times."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Self
from urllib.parse import parse_qsl
from uuid import UUID

from services.media.dialects.subsonic.failures import ParameterMissing, ParameterWrong

FORM = "application/x-www-form-urlencoded"
AT_MOST = 20_000  # parameters; a playlist of 10,000 songs is 10,000 of them
LONGEST = 8 * 1024  # characters of one
INTEGERS = range(-(2**63), 2**63)  # what the database holds
FURTHEST = 1_000_000  # rows that a page may be from the first
INTEGER = re.compile(r"-?[0-9]{1,19}")
UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
PREFIXES = ("tr-", "al-", "ar-", "pl-")  # of cover ids
LATEST_MS = 253_402_300_799_000  # the last second of the year 9999


class Parameters:
    """What was asked, by name."""

    def __init__(self, found: Mapping[str, Sequence[str]]) -> None:
        self._found = found

    @classmethod
    def of(cls, query: bytes, body: bytes, content_type: str) -> Self:
        """Read both. Raises ParameterWrong."""
        found: dict[str, list[str]] = {}
        if body and content_type.partition(";")[0].strip().lower() != FORM:
            raise ParameterWrong(parameter=f"a body is sent as {FORM}")
        for name, value in [*_pairs(query), *_pairs(body)]:
            found.setdefault(name, []).append(value)
        return cls(found)

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def all(self, name: str) -> list[str]:
        """Every value of a parameter, in order; none where it is absent."""
        return list(self._found.get(name, ()))

    def text(self, name: str, default: str | None = None, *, at_most: int = LONGEST) -> str:
        """A text; without a default it is required."""
        values = self._found.get(name)
        if values is None:
            if default is None:
                raise ParameterMissing(parameter=name)
            return default
        if len(values[0]) > at_most:
            raise ParameterWrong(parameter=f"{name} is longer than {at_most} characters")
        return values[0]

    def number(self, name: str, default: int | None = None, *, least: int = INTEGERS[0], most: int = INTEGERS[-1]) -> int:
        """A whole number. What is more than `most` is `most`, as lists have it; what is less than `least` is refused."""
        text = self.text(name, "" if default is not None else None)
        if not text and default is not None:
            return default
        return _number(name, text, least, most)

    def offset(self, name: str = "offset") -> int:
        """How many rows of a list to skip."""
        return self.number(name, 0, least=0, most=FURTHEST)

    def numbers(self, name: str, *, least: int = 0, most: int = INTEGERS[-1]) -> list[int]:
        """Whole numbers, in order."""
        return [_number(name, text, least, most) for text in self.all(name)]

    def maybe_number(self, name: str, *, least: int = 0, most: int = INTEGERS[-1]) -> int | None:
        """A whole number, or None where it is absent."""
        text = self.text(name, "")
        return _number(name, text, least, most) if text else None

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        text = self.text(name, "").lower()
        if text not in {"", "true", "false", "1", "0"}:
            raise ParameterWrong(parameter=f"{name} is neither true nor false")
        return default if not text else text in {"true", "1"}

    def id(self, name: str = "id") -> UUID:
        """An id; what is none is the id of nothing."""
        return as_id(self.text(name))

    def maybe_id(self, name: str) -> UUID | None:
        """An id, or None where it is absent."""
        text = self.text(name, "")
        return as_id(text) if text else None

    def ids(self, name: str) -> list[UUID]:
        """Ids, in order."""
        return [as_id(text) for text in self.all(name)]

    def instants(self, name: str) -> list[datetime]:
        """Instants that are sent as milliseconds since 1970."""
        return [datetime.fromtimestamp(each / 1000, UTC) for each in self.numbers(name, most=LATEST_MS)]


def as_id(text: str) -> UUID:
    """An id of ours; what is none becomes the id of nothing, since ids are opaque to players.

    >>> as_id("al-00000000-0000-0000-0000-000000000007") == as_id("00000000-0000-0000-0000-000000000007"), as_id("x").int
    (True, 0)
    """
    try:
        return UUID(text[3:] if text.startswith(PREFIXES) else text)
    except ValueError:
        return UUID(int=0)


def _number(name: str, text: str, least: int, most: int) -> int:
    if not INTEGER.fullmatch(text) or int(text) not in INTEGERS:
        raise ParameterWrong(parameter=f"{name} is no whole number")
    if int(text) < least:
        raise ParameterWrong(parameter=f"{name} is less than {least}")
    return min(int(text), most)


def _pairs(sent: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(sent.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=AT_MOST)
    except (UnicodeError, ValueError) as reason:
        raise ParameterWrong(parameter="the query or the form is not UTF-8, percent-encoded, or too long") from reason
    if any(UNREADABLE.search(name) or UNREADABLE.search(value) for name, value in pairs):
        raise ParameterWrong(parameter="control characters")
    return pairs
