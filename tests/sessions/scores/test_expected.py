"""The notes that a part expects: as music21 reads them, in the order that a person plays them."""

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from music21 import stream

from services.sessions.scores import expected, facts, order, printed
from services.sessions.scores.expected import NoSuchPart
from services.sessions.scores.guarded import Broken
from services.sessions.scores.order import CAPO, SEGNO, Marks
from tests.sessions.scores import music

FIRST_TIME = Marks(endings=frozenset({1}), times=2)
DOWN_A_TONE = "<attributes><divisions>2</divisions><transpose><chromatic>-2</chromatic></transpose></attributes>"


def note(pitch: str, duration: int = 2, inside: str = "", before: str = "") -> str:
    """A note such as "F#4" that lasts so many eighths."""
    alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(pitch[1:-1], "")
    said = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    return f"<note>{before}{said}<duration>{duration}</duration>{inside}</note>"


def score(*measures: str, name: str = "Flute", beside: str = "") -> str:
    """A score of one part with these measures; `beside` is more parts."""
    inside = "".join(f"<measure number='{n}'>{measure}</measure>" for n, measure in enumerate(measures, 1))
    listed = f'<score-part id="P1"><part-name>{name}</part-name></score-part>'
    start = "<score-partwise><part-list>" + listed + "</part-list>"
    return start + f"<part id='P1'>{inside}</part>{beside}</score-partwise>"


def heard(text: str, **which: str) -> list[tuple[str, float, float]]:
    """Name, onset and duration of each expected note, in quarters."""
    return [(each.name, each.onset_beats, each.duration_beats) for each in expected.of(text, **which).notes]


def differing_measures(path: Path) -> tuple[int, int]:
    """How many measures music21 reads otherwise, and how many there are."""
    text = music.text(path)
    theirs, ids = list(music.parsed(text).parts), [part["id"] for part in facts.of(text)["parts"]]
    if len(theirs) != len(ids):
        return 0, 0  # music21 makes a part of every staff
    differing = compared = 0
    for part, part_id in zip(theirs, ids, strict=True):
        for measure, ours in zip(part.getElementsByClass(stream.Measure), printed.read(text, part_id), strict=True):
            mine = [(each.onset, each.midi, each.duration) for each in ours.notes]
            differing += not _same(sorted(mine), music.sounding(measure))
            compared += 1
    return differing, compared


def _same(ours: list[music.Sounding], theirs: list[music.Sounding]) -> bool:
    def rounded(notes: list[music.Sounding]) -> list[tuple[float, ...]]:
        return sorted(tuple(round(float(each), 2) for each in one) for one in notes)

    return rounded(ours) == rounded(theirs)


def test_a_real_score_expects_what_music21_reads_in_it() -> None:
    assert differing_measures(music.CHORALE) == (0, 40)


@pytest.mark.nightly
def test_a_hundred_real_scores_expect_what_music21_reads_in_them(figures: Callable[[str], None]) -> None:
    found = [differing_measures(path) for path in music.some(100)]

    differing, compared = (sum(column) for column in zip(*found, strict=True))
    figures(f"notes of MusicXML: {compared - differing} of {compared} measures of 100 real scores as music21 reads them")
    assert compared > 5_000
    assert differing <= compared // 1_000  # small notes that only look like cues


def test_tied_notes_are_one_and_name_both_that_are_written() -> None:
    tied = score(
        "<attributes><divisions>2</divisions></attributes>" + note("A4", 8, "<tie type='start'/>"),
        note("A4", 2, "<tie type='stop'/>") + note("B4", 6),
    )

    assert heard(tied) == [("A4", 0.0, 5.0), ("B4", 5.0, 3.0)]
    assert expected.of(tied).notes[0].note_ids == ("note-1", "note-2")
    assert [(each.measure, each.occurrence) for each in expected.of(tied).notes] == [(1, 1), (2, 1)]


def test_a_transposing_instrument_sounds_as_it_sounds() -> None:
    clarinet = score(DOWN_A_TONE + note("D5") + note("F#4") + note("Bb4") + note("C4"))

    assert [name for name, _, _ in heard(clarinet)] == ["C5", "E4", "Ab4", "A#3"]
    assert expected.of(clarinet).notes[0].midi == 72


def test_grace_notes_cues_and_rests_are_not_expected() -> None:
    small = note("A4", 0, before="<grace/>").replace("<duration>0</duration>", "")
    rest, cue = "<note><rest/><duration>2</duration></note>", note("C5", before="<cue/>")
    written = score("<attributes><divisions>2</divisions></attributes>" + small + note("B4") + rest + cue + note("D5"))

    assert heard(written) == [("B4", 0.0, 1.0), ("D5", 3.0, 1.0)]


def test_of_a_chord_the_highest_note_is_expected_and_the_part_said_to_be_polyphonic() -> None:
    one, two = note("E4", 4), note("C4", 4, before="<chord/>")
    below = "<backup><duration>4</duration></backup>" + note("A3", 2) + note("G4", 2)

    found = expected.of(score("<attributes><divisions>2</divisions></attributes>" + one + two + below))

    assert [(each.name, each.onset_beats, each.duration_beats) for each in found.notes] == [("E4", 0, 1), ("G4", 1, 1)]
    assert found.is_polyphonic
    assert not expected.of(score(note("E4"))).is_polyphonic


def test_an_empty_measure_lasts_and_one_is_as_long_as_in_the_fullest_part() -> None:
    time = "<attributes><divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    beside = f"<part id='P2'><measure>{time}</measure><measure/><measure>{time}{note('C3', 4)}</measure></part>"

    found = heard(score(time + note("A4"), "", note("B4"), note("C5"), beside=beside))

    assert found == [("A4", 0.0, 1.0), ("B4", 4.0, 1.0), ("C5", 6.0, 1.0)]


def test_repeats_are_played_out_and_tempi_with_them() -> None:
    repeat, tempo = "<barline><repeat direction='backward'/></barline>", "<sound tempo='60'/>"
    found = expected.of(score(tempo + note("A4", 1) + repeat, "<sound tempo='90'/>" + note("B4", 1)))

    assert [(each.name, each.measure, each.occurrence) for each in found.notes] == [("A4", 1, 1), ("A4", 1, 2), ("B4", 2, 1)]
    assert found.tempi == ((0.0, 60.0), (1.0, 60.0), (2.0, 90.0))
    assert [expected.tempo_at(found, beats) for beats in (0, 1.5, 2, 9)] == [60, 60, 90, 90]


@pytest.mark.parametrize(
    ("measures", "played", "followed"),
    [
        ([Marks(), Marks()], [0, 1], True),
        ([Marks(), Marks(times=2), Marks()], [0, 1, 0, 1, 2], True),
        ([Marks(), Marks(starts_repeat=True, times=3), Marks()], [0, 1, 1, 1, 2], True),
        ([Marks(times=2), Marks(times=2)], [0, 0, 1, 1], True),  # the second begins where the first ended
        ([Marks(), FIRST_TIME, Marks(endings=frozenset({2}))], [0, 1, 0, 2], True),
        ([Marks(), Marks(endings=frozenset({1, 2}), times=2), Marks(endings=frozenset({3}))], [0, 1, 0, 1, 0, 2], True),
        ([Marks(times=2), Marks(fine=True), Marks(back_to=CAPO)], [0, 0, 1, 2, 0, 1], True),  # repeats once only
        ([Marks(), Marks(segno=True), Marks(fine=True), Marks(back_to=SEGNO)], [0, 1, 2, 3, 1, 2], True),
        ([Marks(), Marks(to_coda=True), Marks(back_to=CAPO), Marks(coda=True)], [0, 1, 2, 0, 1, 3], True),
        ([FIRST_TIME, Marks(endings=frozenset({2}), fine=True), Marks(back_to=CAPO)], [0, 1, 2, 1], True),  # the last ending
        ([Marks(), Marks(back_to=CAPO)], [0, 1], False),  # nothing says where to end
        ([Marks(to_coda=True), Marks(back_to=CAPO)], [0, 1], False),  # there is no coda
        ([Marks(fine=True), Marks(back_to=SEGNO)], [0, 1], False),  # there is no segno
    ],
)  # fmt: skip
def test_the_order_is_that_of_a_person(measures: list[Marks], played: list[int], followed: bool) -> None:
    assert order.of(measures) == order.Order(played, followed)


def test_jumps_are_read_from_words_signs_and_sounds() -> None:
    def words(said: str) -> str:
        return f"<direction><direction-type><words>{said}</words></direction-type></direction>"

    sign = "<direction><direction-type><{}/></direction-type></direction>"
    spoken = score(note("A4"), note("B4") + words("Fine"), note("C5") + words("D.C. al Fine"))
    sounded = score(note("A4"), note("B4") + "<sound fine='yes'/>", note("C5") + "<sound dacapo='yes'/>")
    signs = score(
        note("A4"), note("B4") + sign.format("coda"), note("C5") + words("D.C. al Coda"), note("D5") + sign.format("coda")
    )

    assert [name for name, _, _ in heard(spoken)] == ["A4", "B4", "C5", "A4", "B4"]
    assert heard(sounded) == heard(spoken)
    assert [name for name, _, _ in heard(signs)] == ["A4", "B4", "C5", "A4", "B4", "D5"]


def test_a_part_is_chosen_by_id_name_number_or_instrument() -> None:
    beside = "<part id='P2'><measure>" + note("C3") + "</measure></part><part id='P3'><measure/></part>"
    named = '<score-part id="P2"><part-name>Cello solo</part-name></score-part><score-part id="P3"/></part-list>'
    text = score(note("A4"), beside=beside).replace("</part-list>", named)

    assert {heard(text, part=which)[0][0] for which in ("P2", "cello solo", "2")} == {"C3"}
    assert heard(text, instrument="Cello")[0][0] == "C3"
    assert heard(text, instrument="Harp")[0][0] == heard(text)[0][0] == "A4"
    for missing in ("P9", "P3"):  # the last has no note
        with pytest.raises(NoSuchPart):
            expected.of(text, part=missing)


@pytest.mark.parametrize(
    "said", ["<octave>-999999999</octave>", "<octave>99</octave>", "<alter>100000000</alter>", "<alter>-4</alter>"]
)
def test_a_note_that_nobody_plays_is_said_to_be_there(said: str) -> None:
    name = said[1 : said.index(">")]
    text = score(note("C#4")).replace(f"<{name}>{'4' if name == 'octave' else '1'}</{name}>", said)

    with pytest.raises(Broken, match="altered further than any"):
        expected.of(text)


def test_the_same_beats_by_time_and_by_parts() -> None:
    by_parts = score("<attributes><divisions>2</divisions></attributes>" + note("A4"), note("B4"))
    head, _, measures = by_parts.partition("<part id='P1'>")
    by_time = head.replace("partwise", "timewise") + measures.replace("</part></score-partwise>", "</score-timewise>")
    by_time = by_time.replace("'>", "'><part id='P1'>").replace("</measure>", "</part></measure>")

    assert heard(by_time) == heard(by_parts) == [("A4", 0.0, 1.0), ("B4", 1.0, 1.0)]


@pytest.mark.nightly
def test_ten_thousand_measures_take_no_minute(figures: Callable[[str], None]) -> None:
    began = time.monotonic()
    long = expected.of(score(*[note("A4", 1) for _ in range(10_000)]))
    seconds = time.monotonic() - began

    figures(f"expected notes of 10,000 measures: {seconds:.1f} s")
    assert seconds < 20
    assert (len(long.notes), long.beats) == (10_000, 10_000)
    assert long.notes[-1].onset_beats == Fraction(9_999)
