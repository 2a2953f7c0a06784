"""One page of a list: some rows, how many there are in all, and where the next page begins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is None on the last page."""

    rows: list[dict[str, Any]]
    total: int
    next_cursor: str | None

    @classmethod
    def of(cls, rows: list[dict[str, Any]], *, limit: int, total: int, cursor: Callable[[dict[str, Any]], str]) -> Self:
        """The page that begins `rows`, which were asked for one beyond its limit, so that it is known whether more follow."""
        return cls(rows[:limit], total, cursor(rows[limit - 1]) if len(rows) > limit else None)
