"""How often somebody may do something: fixed windows by the `limits` library, in Postgres where it costs money, in
memory elsewhere.
"""

import hashlib
import time
from datetime import UTC, datetime
from typing import Any

import limits
from limits.storage import MemoryStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import Engine, delete, select, text

from shared import db
from shared.errors import TooMany
from shared.tables import RateWindow

# No commit waits for the disk: losing a count in a crash harms nobody (measured: 0.9 ms a hit; 4.7 ms where it waits).
COUNT = text(
    """
    INSERT INTO rate_windows (subject, expires_at, count)
    SELECT :subject, now() + make_interval(secs => :seconds), greatest(:amount, 0)
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unsynced
    ON CONFLICT (subject) DO UPDATE SET
        count = CASE WHEN rate_windows.expires_at <= now() THEN excluded.count
                     ELSE greatest(rate_windows.count + :amount, 0) END,
        expires_at = CASE WHEN rate_windows.expires_at <= now() THEN excluded.expires_at ELSE rate_windows.expires_at END
    RETURNING count
    """
)


class PostgresStorage(Storage):
    """Counters in the service's `rate_windows`, shared by all its replicas. One statement a hit."""

    STORAGE_SCHEME = None

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing is wrapped: a dead database is reported as one."""
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and answer the count of the present window."""
        with db.transaction(self._engine) as session:
            found = session.scalar(COUNT, {"subject": _subject(key), "seconds": expiry, "amount": amount})
        return int(found or 0)

    def get(self, key: str) -> int:
        """The count of the present window."""
        with db.transaction(self._engine) as session:
            here = select(RateWindow.count).where(
                RateWindow.subject == _subject(key), RateWindow.expires_at > datetime.now(UTC)
            )
            return session.scalar(here) or 0

    def get_expiry(self, key: str) -> float:
        """When the present window ends, in unix seconds."""
        with db.transaction(self._engine) as session:
            ends = session.scalar(select(RateWindow.expires_at).where(RateWindow.subject == _subject(key)))
        return ends.timestamp() if ends else time.time()

    def check(self) -> bool:
        """Whether the database answers."""
        db.ping(self._engine)
        return True

    def reset(self) -> int | None:
        """Forget every counter."""
        with db.transaction(self._engine) as session:
            session.execute(delete(RateWindow))
        return None

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with db.transaction(self._engine) as session:
            session.execute(delete(RateWindow).where(RateWindow.subject == _subject(key)))


class Limiter:
    """One place that counts. `hit` raises TooMany with the seconds to wait; where `enabled` is false it never does."""

    def __init__(self, storage: Storage | None = None, *, enabled: bool = True) -> None:
        self._storage = storage or MemoryStorage()
        self._windows = FixedWindowRateLimiter(self._storage)
        self._enabled = enabled

    def hit(self, limit: str, *, at_most: int, per_seconds: int, who: Any) -> None:
        """Count one act of `who` against the limit of that name. Raises TooMany beyond `at_most` in a window."""
        if not self._enabled:
            return
        item = limits.RateLimitItemPerSecond(at_most, per_seconds, namespace=limit)
        if not self._windows.hit(item, str(who)):
            ends = self._windows.get_window_stats(item, str(who)).reset_time
            raise TooMany(limit=limit, retry_after_seconds=max(1, round(ends - time.time())))

    def forgive(self, limit: str, *, at_most: int, per_seconds: int, who: Any) -> None:
        """Take one act back that turned out not to count: limits of failures count first, so that a race counts too."""
        item = limits.RateLimitItemPerSecond(at_most, per_seconds, namespace=limit)
        if self._enabled and self._storage.get(item.key_for(str(who))) > 0:  # the window it was counted in may have ended
            self._storage.incr(item.key_for(str(who)), item.get_expiry(), amount=-1)


def _subject(key: str) -> str:
    """Addresses and names are hashed: a counter needs no personal data."""
    return hashlib.sha256(key.encode()).hexdigest()
