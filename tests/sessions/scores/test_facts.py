"""What a score says of itself, next to what music21 says of it; and what only some scores have."""

from collections.abc import Callable
from pathlib import Path

import pytest
from music21 import key, meter, stream, tempo

from services.sessions.scores import facts
from tests.sessions.scores import hostile, music

DOTTED = (
    "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
    "<per-minute>c. 60</per-minute></metronome></direction-type></direction>"
)


def bar(inside: str) -> dict:
    """The facts of a score with this in its first measure."""
    return facts.of(hostile.score(inside))


def agree(path: Path) -> list[str]:
    """The names of the facts in which music21 sees it otherwise."""
    text = music.text(path)
    ours, theirs = facts.of(text), music.written(text)
    parts = list(theirs.parts)
    measures = [len(part.getElementsByClass(stream.Measure)) for part in parts]
    leading = next((part for part in parts if part.pitches), parts[0])
    expected = {
        "title": theirs.metadata.title or theirs.metadata.movementName or None,
        "measures": max(measures),
        "key": _key(leading),
        "time": next((each.ratioString for each in leading.recurse().getElementsByClass(meter.TimeSignature)), None),
        "tempo_bpm": _tempo(theirs),
    }
    return [f"{name}: {ours[name]!r}, not {said!r}" for name, said in expected.items() if not _same(name, ours[name], said)]


def _key(part: stream.Part) -> str | None:
    found = next(iter(part.recurse().getElementsByClass(key.KeySignature)), None)
    if found is None:
        return None
    major, minor = (found.asKey(mode) for mode in ("major", "minor"))
    said = found if isinstance(found, key.Key) else None
    name = f"{said.tonic.name} {said.mode}" if said else f"{major.tonic.name} major or {minor.tonic.name} minor"
    return name.replace("-", "b")


def _tempo(score: stream.Score) -> float | None:
    first = min(
        score.recurse().getElementsByClass(tempo.MetronomeMark), key=lambda each: each.getOffsetInHierarchy(score), default=None
    )
    return first.getQuarterBPM() if first else None


def _same(name: str, ours: object, theirs: object) -> bool:
    if name == "title" and ours and theirs:
        return str(ours).split() == str(theirs).split()
    if name == "tempo_bpm" and isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) < 1
    return ours == theirs


def test_a_real_score_says_what_music21_reads_in_it() -> None:
    assert agree(music.CHORALE) == []


@pytest.mark.nightly
def test_sixty_real_scores_say_what_music21_reads_in_them(figures: Callable[[str], None]) -> None:
    differences = {path.name: found for path in music.some(60) if (found := agree(path))}

    figures(f"facts of MusicXML: {60 - len(differences)} of 60 real scores as music21 reads them; else {differences}")
    assert not differences


def test_a_score_by_time_is_read_as_one_by_parts() -> None:
    parts = '<part-list><score-part id="A"><part-name>Alto</part-name></score-part><score-part id="B"/></part-list>'
    note = "<note><pitch><step>A</step><octave>4</octave></pitch><duration>1</duration></note>"
    measures = "".join(f"<measure number='{n}'><part id='A'>{note}</part><part id='B'/></measure>" for n in (0, 1, 2))

    found = facts.of(f"<score-timewise>{parts}{measures}</score-timewise>")

    assert (found["measures"], found["has_pickup"]) == (3, True)
    assert [(part["id"], part["measures"], part["notes"]) for part in found["parts"]] == [("A", 3, 3), ("B", 3, 0)]


@pytest.mark.parametrize(
    ("inside", "name", "value"),
    [
        ("<attributes><key><fifths>-3</fifths><mode>minor</mode></key></attributes>", "key", "C minor"),
        ("<attributes><key><fifths>99</fifths></key></attributes>", "key", None),
        ("<attributes><time><beats>3+2</beats><beat-type>8</beat-type></time></attributes>", "time", "3+2/8"),
        ("<attributes><time><senza-misura/></time></attributes>", "time", None),  # without a beat
        ("<sound tempo='72.5'/>", "tempo_bpm", 72.5),
        ("<sound tempo='fast'/>", "tempo_bpm", None),
        ("<sound tempo='99999'/>", "tempo_bpm", None),  # nobody can
        (DOTTED, "tempo_bpm", 90.0),  # three eighths sixty times are ninety quarters
    ],
)  # fmt: skip
def test_what_stands_in_the_first_measure_is_told(inside: str, name: str, value: object) -> None:
    assert bar(inside)[name] == value


def test_a_part_with_chords_or_two_voices_is_polyphonic() -> None:
    def note(voice: int, chord: str = "") -> str:
        return (
            f"<note>{chord}<pitch><step>A</step><octave>4</octave></pitch><duration>1</duration><voice>{voice}</voice></note>"
        )

    def is_polyphonic(inside: str) -> bool:
        return bool(bar(inside)["parts"][0]["is_polyphonic"])

    assert not is_polyphonic(note(1) + note(1))
    assert is_polyphonic(note(1) + note(1, "<chord/>"))
    assert is_polyphonic(note(1) + "<backup><duration>1</duration></backup>" + note(2))
