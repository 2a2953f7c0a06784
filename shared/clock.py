"""The one clock. Everything that asks for the time asks here, so that a test can hold it still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

_held_at: datetime | None = None
_ZONES = frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}  # files of the database, zones of nobody


def now() -> datetime:
    """This instant, UTC, with its zone."""
    return _held_at or datetime.now(UTC)


def today(zone: str) -> date:
    """The date that people in `zone` (an IANA name) read off their calendar now."""
    return now().astimezone(ZoneInfo(zone)).date()


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone that this machine knows."""
    return name in _ZONES


def iso(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-01-31T09:30:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def held(at: datetime) -> Iterator[None]:
    """Stop the clock at `at` in this process, for tests."""
    global _held_at
    before, _held_at = _held_at, at
    try:
        yield
    finally:
        _held_at = before
