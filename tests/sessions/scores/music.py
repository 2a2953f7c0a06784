"""Real scores, out of music21's corpus, and what music21 reads in them: another reading than ours, written by others."""

import random
from fractions import Fraction
from pathlib import Path

import music21
from music21 import chord, converter, harmony, note, stream

from services.sessions.scores import guarded, packed

CORPUS = Path(music21.__file__).parent / "corpus"
SMALL_BYTES = {".mxl": 20_000, ".xml": 300_000}
CHORALE = CORPUS / "bach" / "bwv66.6.mxl"  # four voices with pickup, fermatas and passing notes

Sounding = tuple[Fraction, float, Fraction]  # where in its measure, MIDI pitch, how long; in quarters


def some(count: int, *, seed: int = 4) -> list[Path]:
    """So many scores of the corpus, the same ones every time."""
    found = sorted(each for each in CORPUS.rglob("*") if each.stat().st_size < SMALL_BYTES.get(each.suffix, 0))
    return random.Random(seed).sample(found, count)


def text(path: Path) -> str:
    """The MusicXML of a file, packed or not."""
    content = path.read_bytes()
    return guarded.as_text(packed.score_in(content) if packed.is_packed(content) else content)


def written(xml: str) -> stream.Score:
    """The score as music21 reads it, at written pitch."""
    return converter.parseData(xml, format="musicxml")


def parsed(xml: str) -> stream.Score:
    """The score as music21 reads it, at sounding pitch."""
    return written(xml).toSoundingPitch()


def sounding(measure: stream.Measure) -> list[Sounding]:
    """The notes of a measure as music21 has them, without grace notes and cues, in order."""
    found = []
    for each in measure.recurse().notes:
        is_small = each.duration.isGrace or getattr(each.style, "noteSize", None) == "cue"
        if is_small or isinstance(each, harmony.ChordSymbol | note.Unpitched):
            continue
        pitches = each.pitches if isinstance(each, chord.Chord) else [each.pitch]
        onset = Fraction(each.getOffsetInHierarchy(measure))
        found += [(onset, float(pitch.ps), Fraction(each.duration.quarterLength)) for pitch in pitches]
    return sorted(found)
