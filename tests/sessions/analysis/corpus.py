"""Real single lines out of music21's corpus, as expected notes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from music21 import corpus, stream

from services.sessions.analysis.notes import Expected

BOOKS = ("essenFolksong", "airdsAirs")
LONGEST = 120  # notes of a piece: the rest of a long one shows nothing new
# What the ear was made with, and what it was never shown while it was made.
STUDIED = (
    ("bach/bwv66.6", 0), ("bach/bwv66.6", 3), ("bach/bwv255", 1), ("bach/bwv281", 2), ("bach/bwv347", 0), ("bach/bwv269", 3),
    ("essenFolksong/altdeu10", 3), ("essenFolksong/altdeu10", 21), ("essenFolksong/han1", 5), ("essenFolksong/boehme10", 8),
    ("ryansMammoth/ArkansasTravellerReel", 0), ("airdsAirs/book1", 12), ("trecento/Fava_Dicant_nunc_iudei", 0),
)  # fmt: skip
HELD_OUT = (
    ("bach/bwv324", 0), ("bach/bwv101.7", 1), ("bach/bwv352", 2), ("bach/bwv17.7", 3), ("bach/bwv5.7", 0), ("bach/bwv86.6", 3),
    ("essenFolksong/altdeu10", 40), ("essenFolksong/boehme20", 11), ("essenFolksong/han2", 4), ("essenFolksong/fink0", 6),
    ("airdsAirs/book2", 210), ("airdsAirs/book3", 450), ("ryansMammoth/BonnieKate", 0),
)  # fmt: skip


@cache
def line(name: str, which: int) -> tuple[Expected, ...]:
    """A part of a piece by its place; of a book of tunes, the tune by its number."""
    if name.startswith(BOOKS):
        return expected(corpus.parse(name, number=which).parts[0])[:LONGEST]
    return expected(corpus.parse(name).parts[which])[:LONGEST]


def expected(part: stream.Part) -> tuple[Expected, ...]:
    """The part's notes, with ties joined; repeats are not played out."""
    notes: list[Expected] = []
    for place, measure in enumerate(part.getElementsByClass(stream.Measure), 1):
        for note in measure.flatten().notes:
            if note.duration.isGrace or note.isChord:
                continue
            beats = float(measure.offset + note.offset)
            if note.tie is not None and note.tie.type in ("stop", "continue") and notes and notes[-1].midi == note.pitch.ps:
                last = notes.pop()
                notes.append(replace(last, duration_beats=last.duration_beats + float(note.quarterLength)))
                continue
            notes.append(
                Expected(
                    len(notes),
                    (f"n{len(notes)}",),
                    place,
                    1,
                    beats,
                    float(note.quarterLength),
                    note.pitch.ps,
                    note.nameWithOctave,
                )
            )
    return tuple(notes)


def again_and_again(notes: Sequence[Expected], count: int) -> list[Expected]:
    """`count` notes: the line over and over, as a repeat would play it."""
    beats, out = notes[-1].onset_beats + notes[-1].duration_beats, list[Expected]()
    while len(out) < count:
        times = len(out) // len(notes)
        note = notes[len(out) % len(notes)]
        out.append(replace(note, index=len(out), occurrence=times + 1, onset_beats=note.onset_beats + times * beats))
    return out
