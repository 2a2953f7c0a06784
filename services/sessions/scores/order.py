"""In which order the measures of a part are played: repeats, endings, da capo and dal segno played out."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_TIMES = 20  # that a repeat may ask for
MAX_PLAYED = 60_000  # measures in all; three times what a part may have
CAPO, SEGNO = "capo", "segno"


@dataclass(slots=True)
class Marks:
    """What one measure says about the order."""

    starts_repeat: bool = False
    times: int = 0  # how often what ends here is played; 0 where nothing ends
    endings: frozenset[int] = frozenset()  # the rounds in which it is played; empty for every one
    segno: bool = False
    coda: bool = False  # where the coda begins
    to_coda: bool = False
    fine: bool = False
    back_to: str = ""  # CAPO or SEGNO, after this measure


@dataclass(frozen=True, slots=True)
class Order:
    """Positions of measures, from 0, in the order played.

    It is not `followed` where a jump was left out, since nothing says where to stop after it, or where marks lead nowhere: then
    everything is as printed.
    """

    played: list[int]
    followed: bool


def of(measures: Sequence[Marks]) -> Order:
    """The order in which these are played. A repeat that begins nowhere begins where the one before it ended; after da capo or
    dal segno, repeats are not taken again, and last endings are played.

    >>> of([Marks(), Marks(times=2, endings=frozenset({1})), Marks(endings=frozenset({2})), Marks()]).played
    [0, 1, 0, 2, 3]
    >>> of([Marks(), Marks(fine=True), Marks(back_to=CAPO)]).played
    [0, 1, 2, 0, 1]
    """
    walk = _Walk(measures)
    try:
        return Order(walk.walked(), walk.followed)
    except _Senseless:
        return Order(list(range(len(measures))), False)


class _Senseless(Exception):
    """The marks lead nowhere, or nowhere out."""


class _Walk:
    """Somebody who plays it: where they are, where a repeat goes back to, and which round of it this is."""

    def __init__(self, measures: Sequence[Marks]) -> None:
        self._measures = measures
        self._rounds = _rounds_of_groups(measures)
        self._at = self._start = 0
        self._round = 1
        self._has_jumped = self._is_in_coda = False
        self._has_end = any(marks.fine for marks in measures) or any(marks.to_coda for marks in measures)
        self.followed = self._has_end or not any(marks.back_to for marks in measures)

    def walked(self) -> list[int]:
        """The positions in order. Raises _Senseless."""
        played: list[int] = []
        while self._at < len(self._measures):
            marks = self._measures[self._at]
            if marks.starts_repeat and self._at != self._start:
                self._begin_section(self._at)
            if not self._is_for_this_round(marks):
                self._at += 1
                continue
            played.append(self._at)
            if len(played) > MAX_PLAYED:
                raise _Senseless
            if marks.fine and self._has_jumped:
                break
            self._go_on(marks)
        return played

    def _is_for_this_round(self, marks: Marks) -> bool:
        if not marks.endings:
            return True
        return self._rounds[self._at] in marks.endings if self._has_jumped else self._round in marks.endings

    def _go_on(self, marks: Marks) -> None:
        rounds = min(max(marks.times, self._rounds[self._at]), MAX_TIMES)
        if marks.to_coda and self._has_jumped and not self._is_in_coda:
            self._is_in_coda = True
            self._begin_section(self._place("coda"))
        elif marks.times and not self._has_jumped and self._round < rounds:
            self._round += 1
            self._at = self._start
        elif marks.back_to and self._has_end and not self._has_jumped:
            self._has_jumped = True
            self._begin_section(0 if marks.back_to == CAPO else self._place("segno"))
        elif marks.times or self._leaves_endings():
            self._begin_section(self._at + 1)
        else:
            self._at += 1

    def _leaves_endings(self) -> bool:
        """Whether the last ending of a group is over, so that what follows is another section."""
        after = self._measures[self._at + 1 : self._at + 2]
        return bool(self._measures[self._at].endings) and not (after and after[0].endings)

    def _begin_section(self, at: int) -> None:
        self._at = self._start = at
        self._round = 1

    def _place(self, mark: str) -> int:
        found = [position for position, marks in enumerate(self._measures) if getattr(marks, mark)]
        if not found:
            raise _Senseless
        return found[-1] if mark == "coda" else max((each for each in found if each <= self._at), default=found[0])


def _rounds_of_groups(measures: Sequence[Marks]) -> list[int]:
    """For every measure that is under an ending, the last round of its group of endings; 0 for the others."""
    rounds = [0] * len(measures)
    group: list[int] = []
    for position, marks in enumerate([*measures, Marks()]):
        begins_anew = bool(group) and 1 in marks.endings and 1 not in measures[group[-1]].endings
        if group and (not marks.endings or begins_anew):
            last = max(number for each in group for number in measures[each].endings)
            for each in group:
                rounds[each] = last
            group = []
        if marks.endings:
            group.append(position)
    return rounds
