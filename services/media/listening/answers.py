"""Answers that are kept for a while, because working them out costs more than the rest of a request."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from uuid import UUID

KEPT_SECONDS = 55  # what is asked takes up to five (statement_timeout), and nothing is older than 60 s after a play
LISTENERS = 2_000  # whose answers are kept, about 10 KB each
OF_ONE = 40  # answers of one listener, with other parameters

Kept = dict[Hashable, tuple[float, bytes]]


class Answers:
    """What was answered to whom, in this process alone. Another process's answers live out their time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, user_id: UUID, asked: Hashable, work_out: Callable[[], bytes]) -> bytes:
        """The answer to what is asked, from memory while it is fresh."""
        mine, now = self._mine(user_id), time.monotonic()
        made_at, answer = mine.get(asked, (float("-inf"), b""))
        if now - made_at < KEPT_SECONDS:
            return answer
        answer = work_out()
        if len(mine) >= OF_ONE:
            mine.clear()
        mine[asked] = (now, answer)  # where they were forgotten meanwhile, `mine` is nobody's any more
        return answer

    def forget(self, user_id: UUID) -> None:
        """Something of this listener's has changed."""
        with self._lock:
            self._kept.pop(user_id, None)

    def _mine(self, user_id: UUID) -> Kept:
        with self._lock:
            mine = self._kept.setdefault(user_id, {})
            self._kept.move_to_end(user_id)
            if len(self._kept) > LISTENERS:
                self._kept.popitem(last=False)
            return mine
