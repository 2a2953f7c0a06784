"""What the measures of a part are called: by the numbers printed in the score, so that everybody means the same ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WHOLE = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """One number a measure, rising; those that are printed, or else positions from 1."""

    numbers: tuple[int, ...]
    as_printed: bool


def of(printed: Sequence[str]) -> Numbers:
    """The numbers of measures that are printed with these; positions for all of them, where one has none or they do not rise.

    Programs number half a measure 12a, X1 or as the one before it: in such a part, a number alone names no measure.

    >>> of(["0", "1", "2"]), of(["17", "18"]).numbers
    (Numbers(numbers=(0, 1, 2), as_printed=True), (17, 18))
    >>> of(["0", "1", "1a", "2"]), of(["1", "1"]).as_printed, of(["1", ""]).numbers
    (Numbers(numbers=(1, 2, 3, 4), as_printed=False), False, (1, 2))
    """
    if all(WHOLE.fullmatch(each) for each in printed):
        numbers = tuple(int(each) for each in printed)
        if all(before < after for before, after in pairwise(numbers)):
            return Numbers(numbers, True)
    return Numbers(tuple(range(1, len(printed) + 1)), False)
