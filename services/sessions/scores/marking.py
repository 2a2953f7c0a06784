"""The copy of a score in which the notes that went wrong are coloured. Runs in a child of the nursery, and nowhere else.

It is the same text, byte for byte, but for the attribute `color` of `<note>` and `<notehead>`, which MusicXML has for this: no
program that reads the one stumbles over the other.
"""

import re
from collections.abc import Iterable, Mapping

from services.sessions.analysis.notes import Outcome, Verdict
from services.sessions.scores import guarded

WRONG, MISSED, OUT_OF_TIME = "#D32F2F", "#F57C00", "#1976D2"  # red, orange, blue; told apart by the colour-blind too
COLOURS: Mapping[Outcome, str] = {
    Outcome.WRONG_PITCH: WRONG,
    Outcome.MISSED: MISSED,
    Outcome.SKIPPED: MISSED,
    Outcome.LATE: OUT_OF_TIME,
    Outcome.EARLY: OUT_OF_TIME,
}
WORST_FIRST = (WRONG, MISSED, OUT_OF_TIME)
TAG = re.compile(rb"<[^\s/>]+(?P<attributes>(?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>")
ATTRIBUTE = re.compile(rb"\s+(?P<name>[^\s=/>]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')")


def marked(text: str, verdicts: Iterable[Verdict]) -> str:
    """The score with what was wrong in red, missed or skipped in orange, late or early in blue; correct notes as they were.

    A note that was played more than once has the colour of the worst time. Raises guarded.Broken, guarded.Hostile.
    """
    colours: dict[str, str] = {}
    for verdict in verdicts:
        colour = COLOURS.get(verdict.outcome)
        for note_id in verdict.note.note_ids if colour else ():
            known = colours.get(note_id)
            colours[note_id] = min((each for each in (colour, known) if each), key=WORST_FIRST.index)
    return coloured(text, colours)


def coloured(text: str, colours: Mapping[str, str]) -> str:
    """The score with these notes coloured; they are called `note-1`, `note-2`, ... in the order of the text.

    >>> coloured("<score-partwise><note id='a'><rest/></note></score-partwise>", {"note-1": "#D32F2F"})
    '<score-partwise><note id=\\'a\\' color="#D32F2F"><rest/></note></score-partwise>'
    """
    content = text.encode()
    pieces, done, notes, colour = [], 0, 0, None
    for name, begins in guarded.places(text, ("note", "notehead")):
        if name == "note":
            notes += 1
            colour = colours.get(f"note-{notes}")
        tag = TAG.match(content, begins)
        if colour and tag:
            start, end = _of_colour(content, tag)
            pieces += [content[done:start], f' color="{colour}"'.encode()]
            done = end
    return b"".join([*pieces, content[done:]]).decode()


def _of_colour(content: bytes, tag: re.Match[bytes]) -> tuple[int, int]:
    """The bytes that say the colour; where nothing does, the place where they belong, behind the other attributes."""
    start, end = tag.span("attributes")
    for attribute in ATTRIBUTE.finditer(content, start, end):
        if attribute["name"] == b"color":
            return attribute.span()
    return end, end
