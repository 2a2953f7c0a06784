"""The copy in which wrong notes are coloured: the same text but for the colours, and still a score."""

import re

from music21 import note

from services.sessions.analysis.notes import Outcome, Verdict
from services.sessions.scores import expected, facts, marking
from tests.sessions.scores import music

OUR_COLOURS = re.compile(r' color="#(D32F2F|F57C00|1976D2)"')


def judged(text: str, outcomes: dict[int, Outcome]) -> list[Verdict]:
    """Verdicts on the first part: these, by index, and everything else correct."""
    return [Verdict(each, outcomes.get(each.index, Outcome.CORRECT)) for each in expected.of(text).notes]


def test_the_copy_is_the_original_but_for_the_colours() -> None:
    text = music.text(music.CHORALE)
    outcomes = {0: Outcome.WRONG_PITCH, 3: Outcome.MISSED, 5: Outcome.LATE, 6: Outcome.EARLY, 8: Outcome.SKIPPED}

    marked = marking.marked(text, judged(text, outcomes))

    assert OUR_COLOURS.sub("", marked) == text
    assert len(OUR_COLOURS.findall(marked)) == 5
    assert facts.of(marked) == facts.of(text)


def test_music21_opens_it_and_sees_the_colours_on_the_right_notes() -> None:
    text = music.text(music.CHORALE)
    written = music.parsed(text).parts[0].recurse().getElementsByClass(note.Note)
    wrong = [each.index for each in expected.of(text).notes if each.name == "A4"]

    marked = marking.marked(text, judged(text, dict.fromkeys(wrong, Outcome.WRONG_PITCH)))

    coloured = [each.style.color for each in music.parsed(marked).parts[0].recurse().getElementsByClass(note.Note)]
    assert wrong
    assert coloured == ["#D32F2F" if each.nameWithOctave == "A4" else None for each in written]


def test_a_colour_that_was_there_is_replaced_and_a_notehead_follows_its_note() -> None:
    one, two = "<note color='red' x=' color=\"a\"'><notehead>x</notehead></note>", "<note ><notehead/></note>"
    text = f"<score-partwise>{one}{two}</score-partwise>"

    marked = marking.coloured("\ufeff<!-- <note> Ü -->" + text, {"note-1": marking.WRONG, "note-2": marking.MISSED})

    assert '<note color="#D32F2F" x=\' color="a"\'><notehead color="#D32F2F">x</notehead></note>' in marked
    assert '<note color="#F57C00" ><notehead color="#F57C00"/></note>' in marked


def test_a_note_played_twice_has_the_colour_of_the_worst_time() -> None:
    text = music.text(music.CHORALE)
    first = expected.of(text).notes[0]

    for outcomes in ((Outcome.CORRECT, Outcome.MISSED), (Outcome.MISSED, Outcome.LATE)):
        marked = marking.marked(text, [Verdict(first, outcome) for outcome in outcomes])

        assert OUR_COLOURS.findall(marked) == ["F57C00"]


def test_every_note_of_a_tie_is_coloured() -> None:
    held = (
        "<measure><note><pitch><step>A</step><octave>4</octave></pitch><duration>4</duration><tie type='{}'/></note></measure>"
    )
    text = f"<score-partwise><part id='P'>{held.format('start')}{held.format('stop')}</part></score-partwise>"

    assert len(OUR_COLOURS.findall(marking.marked(text, judged(text, {0: Outcome.LATE})))) == 2
