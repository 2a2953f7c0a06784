"""One part of a score as it is printed: its measures, and in each the notes that sound. Runs in a child of the nursery.

It reads what music21 reads, and a test holds the two equal; but in a time that grows with the score and not with its square
(10,000 measures: 1.6 s here, 132 s there), and every note remembers where in the text it stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree import ElementTree as ET

from services.sessions.scores import guarded
from services.sessions.scores.facts import NUMBER, QUARTERS
from services.sessions.scores.order import CAPO, SEGNO, Marks

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
WORDS_REACH = 2  # measures that words may begin before the one they belong to
MIDI = (0, 131)  # C-1 to B9, the highest that MusicXML can write: what is beyond is no note that somebody plays
MOST_ALTERED = 3  # semitones; a triple sharp is the most that has a sign
NO_TIME = Fraction(4)  # quarters in a measure before any time signature
DA_CAPO = re.compile(r"\b(D\. ?C\.|Da Capo\b)", re.IGNORECASE)
DAL_SEGNO = re.compile(r"\b(D\. ?S\.|Dal Segno\b)", re.IGNORECASE)
TO_CODA = re.compile(r"^\W*to coda\b", re.IGNORECASE)
FINE = re.compile(r"^\W*fine\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Note:
    """One note that sounds. Times are in quarters; `onset` counts from the beginning of its measure."""

    id: str
    onset: Fraction
    duration: Fraction
    midi: float
    name: str
    is_tied_on: bool
    is_tied_from: bool  # to the one before


@dataclass(slots=True)
class Measure:
    """One measure of the part: how long it lasts in quarters, its notes in the order of the file, its marks and tempi."""

    number: str = ""  # as printed; empty where the file has none
    length: Fraction = Fraction(0)
    nominal: Fraction = NO_TIME
    notes: list[Note] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    tempi: list[tuple[Fraction, float]] = field(default_factory=list)


def read(text: str, part_id: str) -> list[Measure]:
    """The measures of one part. Its length, where it is empty, its tempi and its jumps are those of the parts beside it.

    Raises guarded.Broken, guarded.Hostile. Notes are named `note-1`, `note-2`, ... in the order of the whole text.
    """
    tree = _Tree()
    guarded.walk(text, tree)
    parts = {name: _Reading().measures(elements) for name, elements in _parts(tree.root()).items()}
    mine = parts[part_id]
    for measures in parts.values():
        for own, other in zip(mine, measures, strict=False):
            own.length = max(own.length, other.length)
    for measure in mine:
        measure.length = measure.length or measure.nominal
    _borrow(mine, list(parts.values()))
    return mine


class _Tree:
    """A visitor that keeps everything, and names the notes."""

    def __init__(self) -> None:
        self._builder = ET.TreeBuilder()
        self._notes = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "note":
            self._notes += 1
            attributes = {"id": f"note-{self._notes}"}
        self._builder.start(name, attributes)

    def end(self, name: str) -> None:
        self._builder.end(name)

    def text(self, words: str) -> None:
        self._builder.data(words)

    def root(self) -> ET.Element:
        root: ET.Element = self._builder.close()
        return root


def _parts(root: ET.Element) -> dict[str, list[ET.Element]]:
    """The measures of each part, whichever way round the score is written."""
    if root.tag == "score-partwise":
        return {part.get("id", ""): part.findall("measure") for part in root.findall("part")}
    found: dict[str, list[ET.Element]] = {}
    for measure in root.findall("measure"):
        for part in measure.findall("part"):
            part.set("number", measure.get("number", ""))
            found.setdefault(part.get("id", ""), []).append(part)
    return found


def _borrow(mine: list[Measure], parts: list[list[Measure]]) -> None:
    """Tempi and jumps often stand above the uppermost part alone."""
    for measures in parts:
        if not any(measure.tempi for measure in mine):
            for own, other in zip(mine, measures, strict=False):
                own.tempi = list(other.tempi)
        if not any(_jumps(measure.marks) for measure in mine):
            for own, other in zip(mine, measures, strict=False):
                for mark in ("segno", "coda", "to_coda", "fine", "back_to"):
                    setattr(own.marks, mark, getattr(other.marks, mark))
    _tell_codas_apart(mine)
    _jump_from_ends(mine)


def _jumps(marks: Marks) -> bool:
    return bool(marks.segno or marks.coda or marks.to_coda or marks.fine or marks.back_to)


def _tell_codas_apart(measures: list[Measure]) -> None:
    """The same sign is put where the coda begins and where it is left for: without words, the first one is to be left."""
    signs = [measure.marks for measure in measures if measure.marks.coda]
    if len(signs) > 1 and not any(measure.marks.to_coda for measure in measures):
        signs[0].to_coda, signs[0].coda = True, False


def _jump_from_ends(measures: list[Measure]) -> None:
    """Words such as "D.C. al Fine" end where they are meant, and so often begin a measure or two before that repeat ends."""
    for position, measure in enumerate(measures):
        if measure.marks.back_to and not measure.marks.times:
            near = measures[position + 1 : position + 1 + WORDS_REACH]
            end = next((each for each in near if each.marks.times), None)
            if end is not None:
                end.marks.back_to, measure.marks.back_to = measure.marks.back_to, ""


class _Reading:
    """Goes through the measures of one part, and remembers what lasts beyond one."""

    def __init__(self) -> None:
        self._divisions = Fraction(1)
        self._transposed = 0
        self._nominal = NO_TIME
        self._ending: frozenset[int] = frozenset()
        self._at = self._last_onset = Fraction(0)

    def measures(self, elements: list[ET.Element]) -> list[Measure]:
        return [self._measure(element) for element in elements]

    def _measure(self, element: ET.Element) -> Measure:
        measure = Measure(number=element.get("number", "").strip(), nominal=self._nominal)
        self._at = self._last_onset = Fraction(0)
        ends = False
        for each in element:
            if each.tag == "note":
                self._note(each, measure)
            elif each.tag == "attributes":
                self._attributes(each, measure)
            elif each.tag in ("backup", "forward"):
                step = self._duration(each)
                self._at = max(self._at - step, Fraction(0)) if each.tag == "backup" else self._at + step
            elif each.tag == "barline":
                ends |= self._barline(each, measure.marks)
            elif each.tag in ("direction", "sound"):
                self._direction(each, measure)
            measure.length = max(measure.length, self._at)
        measure.marks.endings = self._ending
        if ends:
            self._ending = frozenset()
        return measure

    def _attributes(self, element: ET.Element, measure: Measure) -> None:
        self._divisions = _positive(element.findtext("divisions")) or self._divisions
        for time in element.findall("time")[:1]:
            beats, units = time.findall("beats"), time.findall("beat-type")
            quarters = sum((_beats(b.text, u.text) for b, u in zip(beats, units, strict=False)), Fraction(0))
            self._nominal = measure.nominal = quarters or self._nominal
        for transpose in element.findall("transpose")[:1]:
            octaves = _whole(transpose.findtext("octave-change"))
            self._transposed = _whole(transpose.findtext("chromatic")) + 12 * octaves

    def _note(self, element: ET.Element, measure: Measure) -> None:
        if element.find("grace") is not None:
            return  # it has no time of its own, and is not judged
        duration = self._duration(element)
        onset = self._last_onset if element.find("chord") is not None else self._at
        if element.find("chord") is None:
            self._last_onset, self._at = self._at, self._at + duration
        pitch = element.find("pitch")
        if pitch is None or element.find("cue") is not None or not duration:
            return
        midi, name = self._pitch(pitch)
        tied_on, tied_from = (_is_tied(element, which) for which in ("start", "stop"))
        measure.notes.append(Note(element.get("id", ""), onset, duration, midi, name, tied_on, tied_from))

    def _pitch(self, pitch: ET.Element) -> tuple[float, str]:
        """The sounding pitch, as MIDI counts and as a person writes it. Raises guarded.Broken."""
        step, octave = (pitch.findtext("step") or "C").strip().upper(), _whole(pitch.findtext("octave"))
        alter = float(_number(pitch.findtext("alter")))
        midi = 12 * (octave + 1) + STEPS.get(step, 0) + alter + self._transposed
        if not MIDI[0] <= midi <= MIDI[1] or abs(alter) > MOST_ALTERED:
            raise guarded.Broken("has a note that is higher, lower or altered further than any that is played")
        if self._transposed or alter != round(alter):
            nearest = round(midi)
            return midi, f"{(FLATS if alter < 0 else SHARPS)[nearest % 12]}{nearest // 12 - 1}"
        sign = "#" * int(alter) if alter > 0 else "b" * int(-alter)
        return midi, f"{step}{sign}{octave}"

    def _duration(self, element: ET.Element) -> Fraction:
        return _positive(element.findtext("duration")) / self._divisions

    def _barline(self, element: ET.Element, marks: Marks) -> bool:
        """Notes repeats and endings; whether an ending ends with this measure."""
        repeat, ends = element.find("repeat"), False
        if repeat is not None and repeat.get("direction") == "forward":
            marks.starts_repeat = True
        elif repeat is not None:
            marks.times = max(_whole(repeat.get("times")), 2)
        for ending in element.findall("ending"):
            if ending.get("type") == "start":
                self._ending = frozenset(int(number) for number in re.findall(r"\d{1,2}", ending.get("number", "")))
            else:
                ends = True
        return ends

    def _direction(self, element: ET.Element, measure: Measure) -> None:
        sound = element if element.tag == "sound" else element.find("sound")
        said = dict(sound.attrib) if sound is not None else {}
        marks = measure.marks
        words = " ".join(found.text or "" for found in element.iterfind("direction-type/words"))
        marks.segno |= "segno" in said or element.find("direction-type/segno") is not None
        marks.to_coda |= "tocoda" in said or bool(TO_CODA.search(words))
        marks.coda |= not marks.to_coda and ("coda" in said or element.find("direction-type/coda") is not None)
        marks.fine |= "fine" in said or bool(FINE.search(words))
        if "dacapo" in said or DA_CAPO.search(words):
            marks.back_to = CAPO
        elif "dalsegno" in said or DAL_SEGNO.search(words):
            marks.back_to = SEGNO
        measure.tempi.extend((self._at, tempo) for tempo in _tempi(element, said))


def _tempi(element: ET.Element, said: dict[str, str]) -> Iterator[float]:
    """Quarter notes per minute: as it is to sound, else as it is printed."""
    if NUMBER.fullmatch(said.get("tempo", "")):
        yield float(said["tempo"])
        return
    for metronome in element.iterfind("direction-type/metronome"):
        unit = QUARTERS.get((metronome.findtext("beat-unit") or "").strip())
        per_minute = NUMBER.search(metronome.findtext("per-minute") or "")
        if unit and per_minute:
            yield float(per_minute[0]) * unit * (2 - 0.5 ** min(len(metronome.findall("beat-unit-dot")), 4))


def _is_tied(element: ET.Element, which: str) -> bool:
    ties = element.findall("tie") or element.findall("notations/tied")
    return any(tie.get("type") == which for tie in ties)


def _beats(beats: str | None, unit: str | None) -> Fraction:
    """The length of one part of a time signature; what is added in it, as in 3+2, is added."""
    below = _positive(unit)
    above = sum((_positive(each) for each in (beats or "").split("+")), Fraction(0))
    return above * 4 / below if below else Fraction(0)


def _number(said: str | None) -> Fraction:
    found = re.fullmatch(r"\s*([+-]?\d{1,9}(\.\d{1,6})?)\s*", said or "")
    return Fraction(found[1]) if found else Fraction(0)


def _positive(said: str | None) -> Fraction:
    return max(_number(said), Fraction(0))


def _whole(said: str | None) -> int:
    return max(-99, min(99, int(_number(said))))
