"""How notes and measures are named to a musician, in English."""

from collections.abc import Iterable, Sequence

SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
OCTAVES = ("", "an octave", "two octaves")
INTERVALS = (
    "a unison",
    "a minor second",
    "a major second",
    "a minor third",
    "a major third",
    "a fourth",
    "a tritone",
    "a fifth",
    "a minor sixth",
    "a major sixth",
    "a minor seventh",
    "a major seventh",
)
BEATS_TO = 4  # a beat is named to a quarter of itself


def count(number: int, one: str, many: str = "") -> str:
    """So many of something.

    >>> count(1, "note"), count(0, "note"), count(2, "entry", "entries")
    ('1 note', '0 notes', '2 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(things: Sequence[str]) -> str:
    """Things one after the other, as they are said.

    >>> listed(["F4"]), listed(["F4", "A4"]), listed(["F4", "A4", "C5"])
    ('F4', 'F4 and A4', 'F4, A4 and C5')
    """
    return " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things)


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as runs without a gap: (first, last), ascending.

    >>> runs([3, 1, 2, 7, 3])
    [(1, 3), (7, 7)]
    """
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def measures(numbers: Iterable[int], *, at_most: int = 0) -> str:
    """Measures by their numbers; of more runs than `at_most`, the first ones.

    >>> measures([3]), measures([3, 4]), measures([3, 4, 5, 9]), measures([1, 3, 5, 7], at_most=2)
    ('measure 3', 'measures 3 and 4', 'measures 3 to 5 and 9', 'measures 1, 3 and others')
    """
    found = runs(numbers)
    shown = found[:at_most] if at_most else found
    words = [word for run in shown for word in _run(*run)]
    words += ["others"] if len(shown) < len(found) else []
    is_one = len(found) == 1 and found[0][0] == found[0][1]
    return f"measure{'' if is_one else 's'} {listed(words)}"


def _run(first: int, last: int) -> list[str]:
    return [f"{first} to {last}"] if last - first > 1 else [str(each) for each in range(first, last + 1)]


def note(midi: float, *, like: str = "") -> str:
    """The nearest note to a pitch, spelled as `like` is where that has a sharp or a flat.

    >>> note(61.2), note(61.2, like="Eb4"), note(60)
    ('C#4', 'Db4', 'C4')
    """
    nearest = round(midi)
    return f"{(FLATS if 'b' in like else SHARPS)[nearest % 12]}{nearest // 12 - 1}"


def without_octave(name: str) -> str:
    """What the note is called in any octave.

    >>> without_octave("F#4"), without_octave("Bb-1")
    ('F#', 'Bb')
    """
    return name.rstrip("-0123456789")


def beat(beats_in: float) -> float:
    """The beat that a note is on, counted from 1, to a quarter of a beat; `beats_in` is how far into its measure it is.

    >>> beat(0.0), beat(1.5), beat(2.0001)
    (1.0, 2.5, 3.0)
    """
    return round((beats_in + 1) * BEATS_TO) / BEATS_TO


def place(number: int, on: float) -> str:
    """Where a note stands.

    >>> place(3, 2.0), place(3, 2.5)
    ('measure 3, beat 2', 'measure 3, beat 2.5')
    """
    return f"measure {number}, beat {on:g}"


def interval(semitones: int) -> str:
    """An interval as musicians call it, upwards or downwards.

    >>> interval(-2), interval(12), interval(14), interval(24), interval(30)
    ('a major second', 'an octave', 'an octave and a major second', 'two octaves', 'two octaves and a tritone')
    """
    octaves, rest = divmod(abs(semitones), len(SHARPS))
    words = [OCTAVES[octaves] if octaves < len(OCTAVES) else f"{octaves} octaves"] if octaves else []
    return " and ".join([*words, *([INTERVALS[rest]] if rest or not octaves else [])])


def sentence(words: str) -> str:
    """The words with a capital and a full stop.

    >>> sentence("measure 3 was right")
    'Measure 3 was right.'
    """
    return f"{words[:1].upper()}{words[1:]}."
