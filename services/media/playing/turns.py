"""How much one person may have going on at once, of what costs more than a list does."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from shared.errors import TooMany

RETRY_SECONDS = 10


class Turns:
    """So many of one person and, where it says so, of everybody, in one process. For the event loop alone."""

    def __init__(self, *, of_one: int, of_all: int | None = None, too_many: type[TooMany]) -> None:
        self._of_one, self._of_all = of_one, of_all
        self._too_many = too_many
        self._taken: Counter[UUID] = Counter()

    @contextmanager
    def one(self, user_id: UUID) -> Iterator[None]:
        """One of them, for as long as the block lasts. Raises `too_many`, and does not wait."""
        is_full = self._of_all is not None and self._taken.total() >= self._of_all
        if is_full or self._taken[user_id] >= self._of_one:
            raise self._too_many(retry_after_seconds=RETRY_SECONDS)
        self._taken[user_id] += 1
        try:
            yield
        finally:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]
