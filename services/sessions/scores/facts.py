"""What a score says of itself. Runs in a child of the nursery, and nowhere else; it needs the standard library alone."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.sessions.scores import guarded, keys
from services.sessions.scores.guarded import Broken, Hostile

MAX_MEASURES = 20_000  # of one part
MAX_PARTS = 200  # the largest orchestra has 60
MAX_WORDS = 255  # characters of a title or a name
ROOTS = {"score-partwise", "score-timewise"}
QUARTERS = {"breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": 1 / 2, "16th": 1 / 4, "32nd": 1 / 8}
NUMBER = re.compile(r"\d{1,4}(\.\d{1,4})?")
TEMPI = (1, 1000)  # quarter notes per minute that somebody may mean

Facts = dict[str, Any]


def of(text: str) -> Facts:
    """What a score says of itself; null where it does not. Raises Broken, Hostile.

    `title`, `movement`, `composer`; `key` and `time` at the start, as written for the first part that has pitches, and whether
    they change; `tempo_bpm`, the first there is, in quarter notes; `measures`, the most of any part; `has_pickup`; and the
    `parts` in their order, `is_polyphonic` where they have chords or several voices in one measure.
    """
    reader = Reader()
    guarded.walk(text, reader)
    return reader.facts()


@dataclass
class Part:
    """What is counted of one part."""

    id: str
    name: str = ""
    measures: int = 0
    notes: int = 0
    is_polyphonic: bool = False
    keys: list[str | None] = field(default_factory=list)  # each that differs from the one before
    times: list[str | None] = field(default_factory=list)

    def document(self) -> Facts:
        """The part as JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "measures": self.measures,
            "notes": self.notes,
            "is_polyphonic": self.is_polyphonic,
        }


class Reader:
    """Notices the facts while a score goes by; holds no more than them."""

    def __init__(self) -> None:
        self._root = ""
        self._parts: dict[str, Part] = {}
        self._part: Part | None = None
        self._measures = 0  # of a score by time
        self._first_measure: dict[str, str] | None = None
        self._words: list[str] | None = None
        self._credits: dict[str, str] = {}
        self._creator = ""
        self._tempi: list[tuple[int, int, float]] = []  # the first measure with one, what said it, quarters per minute
        self._voices: set[str] = set()
        self._key: dict[str, str] = {}
        self._time: list[str] = []
        self._beat = 0.0
        self._is_pitched = self._is_chord = False
        self._voice = ""
        self._dots = 0
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "score-part": self._declared,
            "creator": self._created,
            "part": self._begin_part,
            "measure": self._begin_measure,
            "sound": self._sound,
            "note": self._begin_note,
            "pitch": lambda _: self._mark(pitched=True),
            "chord": lambda _: self._mark(chord=True),
            "key": lambda _: self._key.clear(),
            "time": lambda _: self._time.clear(),
            "metronome": lambda _: self._begin_metronome(),
            "beat-unit-dot": lambda _: self._dot(),
        }
        self._ends: dict[str, Callable[[], None]] = {
            "part": self._end_part,
            "note": self._end_note,
            "key": self._end_key,
            "time": self._end_time,
        }
        self._leaves: dict[str, Callable[[str], None]] = {
            "work-title": lambda said: self._credit("work", said),
            "movement-title": lambda said: self._credit("movement", said),
            "creator": lambda said: self._credit(self._creator, said),
            "part-name": self._name,
            "fifths": lambda said: self._say_key("fifths", said),
            "mode": lambda said: self._say_key("mode", said.lower()),
            "beats": self._time.append,
            "beat-type": self._time.append,
            "beat-unit": self._unit,
            "per-minute": self._per_minute,
            "voice": self._say_voice,
        }

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if not self._root:
            self._root = self._checked_root(name)
        if name in self._leaves:
            self._words = []
        if found := self._starts.get(name):
            found(attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        if self._words is not None and (heard := self._leaves.get(name)):
            words, self._words = "".join(self._words), None
            heard(_line(words))
        if found := self._ends.get(name):
            found()

    def text(self, words: str) -> None:
        """Some text."""
        if self._words is not None:
            self._words.append(words)

    def facts(self) -> Facts:
        """Everything that was noticed. Raises Broken where nothing is in it."""
        parts = list(self._parts.values())
        measures = max((part.measures for part in parts), default=0)
        if not measures:
            raise Broken("is a score without a measure")
        leading = next((part for part in parts if part.notes), parts[0])
        title = self._credits.get("work") or self._credits.get("movement")
        movement = self._credits.get("movement")
        return {
            "title": title,
            "movement": movement if movement != title else None,
            "composer": self._credits.get("composer"),
            "key": next(iter(leading.keys), None),
            "key_changes": len(leading.keys) > 1,
            "time": next(iter(leading.times), None),
            "time_changes": len(leading.times) > 1,
            "tempo_bpm": round(min(self._tempi)[2], 2) if self._tempi else None,
            "measures": measures,
            "has_pickup": self._has_pickup(),
            "parts": [part.document() for part in parts],
        }

    def _checked_root(self, name: str) -> str:
        if name == "opus":
            raise Broken("is a list of scores, not a score")
        if name not in ROOTS:
            raise Broken("is no MusicXML: it begins with another element than score-partwise or score-timewise")
        return name

    def _has_pickup(self) -> bool:
        first = self._first_measure or {}
        return first.get("implicit") == "yes" or first.get("number") == "0"

    # Who and what

    def _credit(self, what: str, said: str) -> None:
        if said:
            self._credits.setdefault(what, said)

    def _created(self, attributes: dict[str, str]) -> None:
        self._creator = attributes.get("type", "").lower()

    def _declared(self, attributes: dict[str, str]) -> None:
        self._part = self._part_of(attributes)

    def _name(self, said: str) -> None:
        if self._part:
            self._part.name = said

    def _part_of(self, attributes: dict[str, str]) -> Part:
        part_id = _line(attributes.get("id", ""))
        if part_id not in self._parts and len(self._parts) >= MAX_PARTS:
            raise Hostile(f"has more than {MAX_PARTS} parts")
        return self._parts.setdefault(part_id, Part(part_id))

    # Where we are

    def _begin_part(self, attributes: dict[str, str]) -> None:
        self._part = self._part_of(attributes)
        if self._root == "score-timewise":
            self._count_measure()

    def _end_part(self) -> None:
        self._part = None

    def _begin_measure(self, attributes: dict[str, str]) -> None:
        if self._first_measure is None:
            self._first_measure = attributes
        self._measures += 1
        if self._root == "score-partwise":
            self._count_measure()

    def _count_measure(self) -> None:
        if self._part:
            self._part.measures += 1
            self._voices.clear()
            if self._part.measures > MAX_MEASURES:
                raise Hostile(f"has more than {MAX_MEASURES} measures")

    # Notes

    def _begin_note(self, _attributes: dict[str, str]) -> None:
        self._is_pitched = self._is_chord = False
        self._voice = ""

    def _mark(self, *, pitched: bool = False, chord: bool = False) -> None:
        self._is_pitched |= pitched
        self._is_chord |= chord

    def _say_voice(self, said: str) -> None:
        self._voice = said

    def _end_note(self) -> None:
        if self._part and self._is_pitched:
            self._part.notes += 1
            self._voices.add(self._voice)
            self._part.is_polyphonic |= self._is_chord or len(self._voices) > 1

    # Key, time, tempo

    def _say_key(self, what: str, said: str) -> None:
        self._key.setdefault(what, said)

    def _end_key(self) -> None:
        if self._part and re.fullmatch(r"[+-]?\d{1,2}", self._key.get("fifths", "")):
            _add(self._part.keys, keys.name(int(self._key["fifths"]), self._key.get("mode", "")))

    def _end_time(self) -> None:
        if self._part:
            pairs = zip(self._time[::2], self._time[1::2], strict=False)
            _add(self._part.times, _line("+".join("/".join(pair) for pair in pairs)) or None)

    def _begin_metronome(self) -> None:
        self._beat = 0.0

    def _unit(self, said: str) -> None:
        self._beat = QUARTERS.get(said, 0.0)
        self._dots = 0

    def _dot(self) -> None:
        self._dots = min(self._dots + 1, 4) if self._beat else 0

    def _per_minute(self, said: str) -> None:
        if self._beat and (found := NUMBER.search(said)):
            self._tempo(1, float(found[0]) * self._beat * (2 - 0.5**self._dots))

    def _sound(self, attributes: dict[str, str]) -> None:
        if NUMBER.match(attributes.get("tempo", "")):
            self._tempo(0, _number(attributes["tempo"]))

    def _tempo(self, said_by: int, quarters: float) -> None:
        if self._part and TEMPI[0] <= quarters <= TEMPI[1]:
            at = (self._part.measures, said_by)
            if not self._tempi or at < self._tempi[0][:2]:
                self._tempi = [(*at, quarters)]


def _add(known: list[str | None], now: str | None) -> None:
    if not known or (known[-1] != now and len(known) < 2):
        known.append(now)


def _number(said: str) -> float:
    try:
        found = float(said)
    except ValueError:
        return math.nan  # which is between no bounds
    return found


def _line(words: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in words).split())[:MAX_WORDS]
