"""What somebody who plays a part is expected to sound, in the order played. Runs in a child of the nursery, and nowhere else.

Repeats, endings and jumps are played out, transposing instruments sound as they sound, tied notes are one. Grace notes and cues
are left out, since nobody can say when they are due; an ornament is the note that is written. Of notes that sound together the
highest is taken: one line is what can be judged.
"""

import bisect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from services.sessions.analysis.notes import Expected
from services.sessions.scores import facts, numbering, order, printed
from services.sessions.scores.guarded import Broken

ROUNDING = Fraction(1, 24)  # quarters that two notes may overlap by and still be one after the other: files round


class NoSuchPart(Broken):
    """Nothing is wrong with the score, but it has not the part that was asked for."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of one part.

    `repeats_followed` is False where the marks of a jump lead nowhere, so that everything is as printed. `tempi` are onsets in
    beats (quarter notes, repeats played out) with quarter notes per minute, in order; empty where the score names none.
    """

    part_id: str
    part_name: str
    notes: tuple[Expected, ...]
    is_polyphonic: bool  # some notes sound together, and of those the highest are expected
    repeats_followed: bool
    tempi: tuple[tuple[float, float], ...]
    measures: int  # as printed
    is_numbered: bool  # measures have their printed numbers; else they are counted from 1
    beats: float  # quarter notes in all, repeats played out
    begins: Mapping[tuple[int, int], float]  # a measure and its round, and the beat it begins on; in the order played


def of(text: str, *, part: str | None = None, instrument: str = "") -> Expectation:
    """What is expected of one part of a score: the one with this id, name or number from 1, else the one that is named as
    the instrument is, else the first that has pitches. Raises NoSuchPart, guarded.Broken, guarded.Hostile.
    """
    chosen = _chosen(facts.of(text)["parts"], part, instrument)
    measures = printed.read(text, chosen["id"])
    played = order.of([measure.marks for measure in measures])
    begins = _begins(measures, played.played)
    numbers = numbering.of([measure.number for measure in measures])
    sounding = _tied(_unrolled(measures, played.played, begins, numbers.numbers))
    line = _highest(sounding)
    return Expectation(
        part_id=chosen["id"],
        part_name=chosen["name"],
        notes=tuple(each.expected(index) for index, each in enumerate(line)),
        is_polyphonic=len(line) < len(sounding),
        repeats_followed=played.followed,
        tempi=tuple(_tempi(measures, played.played, begins)),
        measures=len(measures),
        is_numbered=numbers.as_printed,
        beats=float(begins[-1]),
        begins=_by_round(played.played, begins, numbers.numbers),
    )


def _chosen(parts: Sequence[dict[str, Any]], part: str | None, instrument: str) -> dict[str, Any]:
    pitched = [each for each in parts if each["notes"]]
    if not pitched:
        raise Broken("is a score without a note that has a pitch")
    if not part:
        wanted = instrument.casefold().strip()
        return next((each for each in pitched if wanted and _is_named(each["name"], wanted)), pitched[0])
    for number, each in enumerate(parts, 1):
        if part.casefold() in (each["id"].casefold(), each["name"].casefold(), str(number)) and each["notes"]:
            return each
    raise NoSuchPart("is no part of this score that has pitches")


def _is_named(name: str, wanted: str) -> bool:
    folded = name.casefold()
    return bool(folded) and (wanted in folded or folded in wanted)


@dataclass(frozen=True, slots=True)
class _Sounding:
    """A note as it is played: where in the piece, and in which round of its measure."""

    note: printed.Note
    ids: tuple[str, ...]
    measure: int
    occurrence: int
    onset: Fraction
    end: Fraction

    def expected(self, index: int) -> Expected:
        onset, end, note = self.onset, self.end, self.note
        return Expected(
            index, self.ids, self.measure, self.occurrence, float(onset), float(end - onset), float(note.midi), note.name
        )


def _begins(measures: Sequence[printed.Measure], played: Iterable[int]) -> list[Fraction]:
    """Where each measure begins that is played, and last where all ends."""
    begins = [Fraction(0)]
    for position in played:
        begins.append(begins[-1] + measures[position].length)
    return begins


def _by_round(played: Iterable[int], begins: Iterable[Fraction], numbers: Sequence[int]) -> dict[tuple[int, int], float]:
    rounds: Counter[int] = Counter()
    found = {}
    for position, begin in zip(played, begins, strict=False):
        rounds[position] += 1
        found[numbers[position], rounds[position]] = float(begin)
    return found


def _unrolled(
    measures: Sequence[printed.Measure], played: Sequence[int], begins: Sequence[Fraction], numbers: Sequence[int]
) -> list[_Sounding]:
    rounds: Counter[int] = Counter()
    found = []
    for position, begin in zip(played, begins, strict=False):
        rounds[position] += 1
        for note in measures[position].notes:
            onset = begin + note.onset
            found.append(_Sounding(note, (note.id,), numbers[position], rounds[position], onset, onset + note.duration))
    return sorted(found, key=lambda each: (each.onset, each.note.midi))


def _tied(notes: Iterable[_Sounding]) -> list[_Sounding]:
    """The same with those that are tied made one: where a note goes on from one of its pitch that ends as it begins."""
    found: list[_Sounding] = []
    held: dict[float, int] = {}  # pitch -> the place in `found` of the note that is tied on
    for each in notes:
        before = held.pop(each.note.midi, None) if each.note.is_tied_from else None
        if before is not None and abs(found[before].end - each.onset) <= ROUNDING:
            found[before] = replace(found[before], ids=found[before].ids + each.ids, end=each.end)
            place = before
        else:
            found.append(each)
            place = len(found) - 1
        if each.note.is_tied_on:
            held[each.note.midi] = place
    return found


def _highest(notes: Sequence[_Sounding]) -> list[_Sounding]:
    """One line: a note is left out while a higher one sounds, and ends where a higher one begins."""
    line: list[_Sounding] = []
    for each in notes:
        while line and line[-1].onset == each.onset and line[-1].note.midi <= each.note.midi:
            line.pop()
        if line and line[-1].end - each.onset > ROUNDING and line[-1].note.midi >= each.note.midi:
            continue
        if line and line[-1].end > each.onset:
            line[-1] = replace(line[-1], end=each.onset)
        line.append(each)
    return line


def _tempi(
    measures: Sequence[printed.Measure], played: Sequence[int], begins: Sequence[Fraction]
) -> Iterable[tuple[float, float]]:
    for position, begin in zip(played, begins, strict=False):
        for onset, tempo in measures[position].tempi:
            if facts.TEMPI[0] <= tempo <= facts.TEMPI[1]:
                yield float(begin + onset), tempo


def tempo_at(expectation: Expectation, beats: float) -> float | None:
    """Quarter notes per minute in force somewhere in the piece; before the first mark, that of the first one."""
    if not expectation.tempi:
        return None
    after = bisect.bisect_right([onset for onset, _ in expectation.tempi], beats)
    return expectation.tempi[max(after - 1, 0)][1]
