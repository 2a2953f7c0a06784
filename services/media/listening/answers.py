"""Answers that are kept for a while, because working them out costs more than the rest of a request."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from uuid import UUID

KEPT_SECONDS = 55  # what is asked takes up to five (statement_timeout), and nothing is older than 60 s after a play
KEPT_BYTES = 16 * 1024 * 1024  # of all listeners together, about 10 KB each; a list of everything that one has played is more
OF_ONE = 40  # answers of one listener, with other parameters

Kept = dict[Hashable, tuple[float, bytes]]  # the oldest first


class Answers:
    """What was answered to whom, in this process alone. Another process's answers live out their time."""

    def __init__(self, *, kept_seconds: float = KEPT_SECONDS, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_seconds, self._kept_bytes = kept_seconds, kept_bytes
        self._kept: OrderedDict[UUID, Kept] = OrderedDict()  # who was answered the longest ago first
        self._lock = threading.Lock()
        self.size_bytes = 0

    def of(self, user_id: UUID, asked: Hashable, work_out: Callable[[], bytes]) -> bytes:
        """The answer to what is asked, from memory while it is fresh."""
        now = time.monotonic()
        with self._lock:
            mine = self._kept.setdefault(user_id, {})
            made_at, answer = mine.get(asked, (float("-inf"), b""))
        if now - made_at < self._kept_seconds:
            return answer
        answer = work_out()
        with self._lock:
            if self._kept.get(user_id) is mine:  # else they were forgotten meanwhile, and this may be old
                self._keep(user_id, mine, asked, (now, answer))
        return answer

    def forget(self, user_id: UUID) -> None:
        """Something of this listener's has changed."""
        with self._lock:
            self.size_bytes -= sum(len(answer) for _, answer in self._kept.pop(user_id, {}).values())

    def _keep(self, user_id: UUID, mine: Kept, asked: Hashable, made: tuple[float, bytes]) -> None:
        self._drop(mine, asked)
        mine[asked] = made
        self.size_bytes += len(made[1])
        self._kept.move_to_end(user_id)
        while len(mine) > OF_ONE:
            self._drop(mine, next(iter(mine)))
        self._tidy(made[0] - self._kept_seconds)

    def _tidy(self, too_old: float) -> None:
        """Let go of what is no longer fresh, and of the oldest where it is too much."""
        while self._kept:
            user_id, theirs = next(iter(self._kept.items()))
            while theirs and (self.size_bytes > self._kept_bytes or next(iter(theirs.values()))[0] < too_old):
                self._drop(theirs, next(iter(theirs)))
            if theirs:
                return
            del self._kept[user_id]

    def _drop(self, kept: Kept, asked: Hashable) -> None:
        _, answer = kept.pop(asked, (0.0, b""))
        self.size_bytes -= len(answer)
