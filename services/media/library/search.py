"""Search: tracks, albums and artists, by the beginnings of their words.

Each word of a search must be the beginning of a word of what is found; case and accents do not matter (`folding`). What bears
the word in its title or name is found before what merely tells of it elsewhere (`Place`); among equals whole words come first,
then longer ones. One word leads: the rarest, or where all are common the first. Its words are read in the order of the index,
until the page is full, so that the size of the library does not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Exists, Integer, Select, SmallInteger, bindparam, column, exists, func, select, true, tuple_, values
from sqlalchemy.orm import Session, aliased

from services.media.library.folding import LONGEST_WORD, WORDS, fold
from services.media.models.catalogue import Album, Artist, Found, Place, SearchWord
from services.media.models.files import LIBRARY, PLAYABLE, AudioFile

MOST_WORDS = 8  # of one search; more make it no narrower
RARE = 4_000  # more words than this are common, and not counted further
EVERYTHING = '""'  # what a phone player sends when it means all (OpenSubsonic, search3)
LAST: Final = "\U0010ffff"  # no word has it

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that a search may mean."""

    kind: Found
    id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class Hits:
    """Ids of one page, in order; `total` is known where the page is the last."""

    ids: list[UUID]
    has_more: bool
    total: int | None


_IN_ORDER = {
    Found.TRACK: select(AudioFile.id)
    .where(
        AudioFile.user_id == bindparam("user_id"),
        AudioFile.sort_title.is_not(None),
        AudioFile.kind.in_([each.value for each in LIBRARY]),
        AudioFile.state.in_([each.value for each in PLAYABLE]),
    )
    .order_by(AudioFile.sort_title, AudioFile.id),
    Found.ALBUM: select(Album.id).where(Album.user_id == bindparam("user_id")).order_by(Album.sort_name, Album.id),
    Found.ARTIST: select(Artist.id).where(Artist.user_id == bindparam("user_id")).order_by(Artist.sort_name, Artist.id),
}
_ALL = {found: each.limit(bindparam("limit")).offset(bindparam("offset")) for found, each in _IN_ORDER.items()}
_WANTED: Any = bindparam("ids", expanding=True)
_NAMES: dict[Found, Any] = {
    Found.TRACK: select(AudioFile.id, func.coalesce(AudioFile.title, AudioFile.filename)).where(
        AudioFile.id.in_(_WANTED), AudioFile.user_id == bindparam("user_id")
    ),
    Found.ALBUM: select(Album.id, Album.name).where(Album.id.in_(_WANTED), Album.user_id == bindparam("user_id")),
    Found.ARTIST: select(Artist.id, Artist.name).where(Artist.id.in_(_WANTED), Artist.user_id == bindparam("user_id")),
}
_ANY_PLACE = [each.value for each in Place]
_HOW_MANY = select(func.count()).select_from(
    select(SearchWord.target_id)
    .where(
        SearchWord.user_id == bindparam("user_id"),
        SearchWord.found == bindparam("found"),
        SearchWord.place.in_(_ANY_PLACE),
        SearchWord.word >= bindparam("low"),
        SearchWord.word < bindparam("high"),
    )
    .limit(RARE)
    .subquery()
)


def search(db: Session, text: str, *, user_id: UUID, found: Found = Found.TRACK, limit: int, offset: int = 0) -> Hits:
    """One page of what is found. An empty text, or `""` as phone players send it, finds everything, sorted by name."""
    asked = text.strip()
    facts: dict[str, Any] = {"user_id": user_id, "limit": limit + 1, "offset": offset}
    if asked in {"", EVERYTHING}:
        return _hits(list(db.scalars(_ALL[found], facts)), limit, offset)
    terms = _terms(asked)
    if not terms:
        return Hits([], has_more=False, total=0)
    facts |= {"found": found.value, "enough": limit + offset + 1}
    for number, term in enumerate(_rarest_first(db, terms, user_id=user_id, found=found)):
        facts |= {f"low{number}": term, f"high{number}": term + LAST}
    return _hits(list(db.scalars(_statement(len(terms)), facts)), limit, offset)


def suggest(db: Session, text: str, *, user_id: UUID, limit: int) -> list[Suggestion]:
    """What somebody who has typed so much may mean: artists, albums and tracks in turn, no name twice."""
    if not _terms(text):
        return []
    found = (_named(db, text, each, user_id=user_id, limit=limit) for each in (Found.ARTIST, Found.ALBUM, Found.TRACK))
    in_turn = (each for row in zip_longest(*found) for each in row if each)
    by_name = {(each.kind, fold(each.text)): each for each in reversed(list(in_turn))}
    return list(reversed(by_name.values()))[:limit]


def _named(db: Session, text: str, found: Found, *, user_id: UUID, limit: int) -> list[Suggestion]:
    hits = search(db, text, user_id=user_id, found=found, limit=limit)
    names: dict[UUID, str] = dict(db.execute(_NAMES[found], {"ids": hits.ids, "user_id": user_id}).tuples().all())
    return [Suggestion(found, each, names[each]) for each in hits.ids if each in names]


def _hits(ids: list[UUID], limit: int, offset: int) -> Hits:
    has_more = len(ids) > limit
    is_end = not has_more and bool(ids or not offset)
    return Hits(ids[:limit], has_more, offset + len(ids) if is_end else None)


def _terms(text: str) -> list[str]:
    """The words of a search, folded; a word that begins another of them is left out.

    >>> _terms("Wish you were w")
    ['wish', 'you', 'were']
    """
    given = dict.fromkeys(word[:LONGEST_WORD] for word in WORDS.findall(fold(text)))
    return [term for term in given if not any(other != term and other.startswith(term) for other in given)][:MOST_WORDS]


def _rarest_first(db: Session, terms: Sequence[str], *, user_id: UUID, found: Found) -> list[str]:
    if len(terms) == 1:
        return list(terms)
    named = {"user_id": user_id, "found": found.value}
    counts = {term: db.scalar(_HOW_MANY, named | {"low": term, "high": term + LAST}) or 0 for term in terms}
    return sorted(terms, key=lambda term: counts[term])


@lru_cache(maxsize=MOST_WORDS)
def _statement(count: int) -> Select[Any]:
    """The search of so many words; the first leads."""
    word, better = aliased(SearchWord, name="word"), aliased(SearchWord, name="better")
    places = values(column("place", SmallInteger), name="places").data([(each,) for each in _ANY_PLACE])
    others = [aliased(SearchWord, name=f"other{number}") for number in range(1, count)]
    leading = (
        select(word.place, word.word, word.target_id)
        .where(
            word.user_id == bindparam("user_id"),
            word.found == bindparam("found"),
            word.place == places.c.place,
            word.word >= bindparam("low0"),
            word.word < bindparam("high0"),
            *(_one_by_one(each, *_of_the_same(each, word, number)) for number, each in enumerate(others, 1)),
            ~_one_by_one(
                better, *_of_the_same(better, word, 0), tuple_(better.place, better.word) < tuple_(word.place, word.word)
            ),
        )
        .order_by(word.word, word.target_id)
        .limit(bindparam("enough", type_=Integer))
    )
    hits = leading.lateral("hits")
    # No ORDER BY here: places are visited as they are written, and a sort would visit all of them for a page that is full.
    return (
        select(hits.c.target_id)
        .select_from(places.join(hits, onclause=true()))
        .limit(bindparam("limit", type_=Integer))
        .offset(bindparam("offset", type_=Integer))
    )


def _of_the_same(other: Any, word: Any, number: int) -> tuple[Any, ...]:
    """That `other` is a word of the same target, and begins with a term."""
    return (
        other.target_id == word.target_id,
        other.user_id == bindparam("user_id"),
        other.found == bindparam("found"),
        other.word >= bindparam(f"low{number}"),
        other.word < bindparam(f"high{number}"),
    )


def _one_by_one(other: Any, *conditions: Any) -> Exists:
    """Whether there is such a word, asked for each row that is read. Without OFFSET, Postgres joins, for which it reads
    every row (measured: 200 ms of 100,000 tracks instead of 3).
    """
    return exists(select(other.target_id).where(*conditions).offset(0))
