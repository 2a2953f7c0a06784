"""What a benchmark found, and the table that says so."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

COLUMNS = ("work", "measured", "reference", "ratio", "bar", "")


@dataclass(frozen=True)
class Row:
    """One line of the table. Without a reference, `ratio` is what was measured itself; None is `not measured`."""

    work: str
    measured: str
    reference: str
    ratio: float | None
    bar: float
    is_met: Literal["at least", "at most"]
    unit: str = ""

    @property
    def missed(self) -> bool:
        """Whether it was measured and found on the wrong side of its bar."""
        if self.ratio is None:
            return False
        return self.ratio < self.bar if self.is_met == "at least" else self.ratio > self.bar

    def cells(self) -> tuple[str, ...]:
        """As the table shows it."""
        verdict = "not measured" if self.ratio is None else "MISSED" if self.missed else "ok"
        ratio = "-" if self.ratio is None or self.unit else f"{self.ratio:.2f}"
        return self.work, self.measured, self.reference, ratio, f"{self.is_met} {self.bar:g}{self.unit or ' x'}", verdict


def table(rows: Iterable[Row]) -> str:
    """All rows, aligned."""
    cells = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    return "\n".join(" | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)


def in_turns(rounds: int, *calls: Callable[[], float]) -> list[float]:
    """The median of what each call returns, called in turns, every second round in the opposite order."""
    found: list[list[float]] = [[] for _ in calls]
    for number in range(rounds):
        order: Sequence[int] = range(len(calls)) if number % 2 == 0 else range(len(calls) - 1, -1, -1)
        for each in order:
            found[each].append(calls[each]())
    return [statistics.median(values) for values in found]
