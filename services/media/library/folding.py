"""Folding: one spelling for every way to write a name, so that "Dvořák", "DVORAK" and "dvorak " are found and sorted as one."""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column

from services.media.models.catalogue import Place

WORDS = re.compile(r"\w+")
ARTICLES = ("the ", "a ", "an ", "el ", "la ", "los ", "las ", "le ", "les ", "der ", "die ", "das ")
LONGEST_WORD = 64  # characters, of `search_words.word`
LONGEST_NAME = 255


def fold(text: str) -> str:
    """Without case and accents, spaces made one and at most 255 characters.

    >>> fold("  Antonín   DVOŘÁK "), fold("Straße"), fold("Ørsted")
    ('antonin dvorak', 'strasse', 'orsted')
    """
    apart = unicodedata.normalize("NFKD", text).casefold().translate(LETTERS)
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    return " ".join(unicodedata.normalize("NFKC", plain).split())[:LONGEST_NAME].strip()


def folded(column: Any) -> ColumnElement[str]:
    """What a column holds as `fold` would have it, worked out by Postgres: to look into a few texts, never a library's."""
    apart = func.lower(func.normalize(column, literal_column("NFKD")))
    for letter, plain in (LETTERS | {ord("ß"): "ss"}).items():
        apart = func.replace(apart, chr(letter), plain)
    return func.regexp_replace(func.regexp_replace(apart, "[\u0300-\u036f]+", "", "g"), r"\s+", " ", "g")


def sorting(name: str) -> str:
    """Folded, and without a leading article, as a shelf is sorted.

    >>> sorting("The Beatles"), sorting("Die Ärzte"), sorting("The")
    ('beatles', 'arzte', 'the')
    """
    folded = fold(name)
    article = next((each for each in ARTICLES if folded.startswith(each)), "")
    return folded[len(article) :] or folded


def words(*texts: str | None) -> set[str]:
    """Every word of some texts, folded.

    >>> sorted(words("Rock'n'Roll, Pt. 2", None, "Pt. 3"))
    ['2', '3', 'n', 'pt', 'rock', 'roll']
    """
    return {word[:LONGEST_WORD] for text in texts if text for word in WORDS.findall(fold(text))}


def placed(name: str | None, *others: str | None) -> dict[str, Place]:
    """Every word of a title or name and of what else is told of it, with the best place that it has.

    >>> {word: place.name for word, place in sorted(placed("The Wall", "Pink Floyd").items())}
    {'floyd': 'ELSEWHERE', 'pink': 'ELSEWHERE', 'the': 'NAME', 'wall': 'ALONE'}
    >>> placed("Help!", "Help!")
    {'help': <Place.ALONE: 0>}
    """
    inside = [word[:LONGEST_WORD] for word in WORDS.findall(sorting(name or ""))]
    found = dict.fromkeys(words(*others), Place.ELSEWHERE) | dict.fromkeys(words(name), Place.NAME)
    if inside:
        found[inside[0]] = Place.ALONE if len(inside) == 1 else Place.FIRST
    return found


# Letters that Unicode does not take apart, though people type them without their strokes.
LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"})
