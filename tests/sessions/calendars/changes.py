"""The real clock changes of every zone, found in the zone itself."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from shared import clock

ZONES = sorted(name for name in available_timezones() if clock.is_zone(name))
FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
STEP = timedelta(days=15)  # clocks that change there and back within it are as good as unchanged
SECOND = timedelta(seconds=1)


@cache
def of(zone: str) -> tuple[datetime, ...]:
    """The first instants of each new offset from UTC, by bisection, oldest first."""
    found, there, at = [], ZoneInfo(zone), FIRST
    before = at.astimezone(there).utcoffset()
    while at < LAST:
        after = (at + STEP).astimezone(there).utcoffset()
        if after != before:
            low, high = at, at + STEP
            while high - low > SECOND:
                middle = low + (high - low) / 2
                low, high = (middle, high) if middle.astimezone(there).utcoffset() == before else (low, middle)
            found.append(high.replace(microsecond=0))
        at, before = at + STEP, after
    return tuple(found)
