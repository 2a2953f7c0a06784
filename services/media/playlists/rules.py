"""Smart playlists: rules that tracks meet, in the words of Navidrome's `.nsp` files, so that those work here too.

    {"all": [{"is": {"genre": "Jazz"}},
             {"any": [{"gt": {"rating": 3}}, {"inTheLast": {"lastPlayed": 30}}]}],
     "sort": "-rating,title", "limit": 100}

`all` and `any` hold conditions or one another, to a depth of 5. A condition is an operator, a field and what to compare with:

    text      title album artist albumArtist composer genre comment fileType key
              is isNot contains notContains startsWith endsWith, whatever their case
    numbers   year bpm duration (seconds) size (bytes) bitRate sampleRate channels trackNumber discNumber playCount rating
              is isNot gt lt inTheRange ([from, to], both included)
    days      dateAdded lastPlayed dateLoved
              before after ("2026-01-31") inTheRange ([from, to]) inTheLast notInTheLast (a number of days)
    yes, no   loved hasCover: is isNot (true or false)

What a track does not say is empty text, no day, and for `playCount` and `rating` 0; other numbers it does not say meet only
`isNot`. `sort` names fields, or `random`; with `order` "desc" or a `-` before its name a field counts downwards. `limit` is at
most 1,000. Names are taken in any case, and as `play_count` too. Nothing of it is ever SQL: every word is looked up in the
tables below, every value is bound.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NoReturn

from sqlalchemy import ColumnElement, Double, and_, false, func, literal, or_, select

from services.media.errors import BadRules
from services.media.library.folding import fold
from services.media.models.catalogue import FileGenre, Found
from services.media.models.files import AudioFile
from services.media.models.listening import Annotation
from shared import clock

MAX_DEPTH: Final = 5
MAX_CONDITIONS: Final = 100
MAX_TRACKS: Final = 1_000
MAX_SORTS: Final = 5
MAX_CHARACTERS: Final = 255
MAX_DAYS: Final = 36_500
MAX_NUMBER: Final = 10**15
GROUPS: Final = ("all", "any")
OTHERS: Final = ("sort", "order", "limit", "name", "comment")  # the last two name an .nsp file and are nothing to us


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    FLAG = "yes or no"


@dataclass(frozen=True, slots=True)
class Field:
    """A field by which tracks are chosen and sorted."""

    kind: Kind
    column: Any


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules that can be asked for."""

    meets: ColumnElement[bool]
    order: tuple[Any, ...]
    limit: int


def _text(column: Any) -> Field:
    return Field(Kind.TEXT, func.lower(func.coalesce(column, "")))


def _number(column: Any) -> Field:
    return Field(Kind.NUMBER, column)


def _heard(column: Any) -> Any:
    """What its listener makes of a track, looked up by its key: a join that Postgres misjudges reads all pairs of both."""
    its = (Annotation.user_id == AudioFile.user_id, Annotation.target == Found.TRACK.value)
    found = select(column).where(Annotation.target_id == AudioFile.id, *its)
    return found.correlate(AudioFile).scalar_subquery()


_FIELDS: Final[Mapping[str, Field]] = {
    "title": _text(AudioFile.title),
    "album": _text(AudioFile.album),
    "artist": _text(AudioFile.artist),
    "albumartist": _text(AudioFile.album_artist),
    "composer": _text(AudioFile.composer),
    "genre": _text(AudioFile.genre),
    "comment": _text(AudioFile.comment),
    "key": _text(AudioFile.musical_key),
    "filetype": _text(func.regexp_replace(AudioFile.object_key, r"^.*\.", "")),
    "year": _number(AudioFile.year),
    "bpm": _number(AudioFile.bpm),
    "duration": _number(func.coalesce(AudioFile.duration_ms / 1000.0, AudioFile.duration)),
    "size": _number(AudioFile.file_size),
    "bitrate": _number(AudioFile.bit_rate_kbps),
    "samplerate": _number(AudioFile.sample_rate_hz),
    "channels": _number(AudioFile.channels),
    "tracknumber": _number(AudioFile.track_number),
    "discnumber": _number(AudioFile.disc_number),
    "playcount": _number(func.coalesce(_heard(Annotation.play_count), 0)),
    "rating": _number(func.coalesce(_heard(Annotation.rating), 0)),
    "dateadded": Field(Kind.DAY, AudioFile.created_at),
    "lastplayed": Field(Kind.DAY, _heard(Annotation.played_at)),
    "dateloved": Field(Kind.DAY, _heard(Annotation.starred_at)),
    "loved": Field(Kind.FLAG, _heard(Annotation.starred_at).is_not(None)),
    "hascover": Field(Kind.FLAG, AudioFile.cover_key.is_not(None)),
}
_OTHER_NAMES: Final = {"added": "dateadded", "starred": "loved", "datestarred": "dateloved", "hascoverart": "hascover"}


def check(rules: Any) -> None:
    """Raises BadRules, naming what is wrong."""
    read(rules)


def read(rules: Any) -> Rules:
    """The rules as parts of a query of files. Raises BadRules."""
    if not isinstance(rules, dict) or set(rules) - {*GROUPS, *OTHERS}:
        _wrong("", f"an object with {', '.join((*GROUPS, *OTHERS[:3]))}, and nothing else")
    groups = [each for each in GROUPS if each in rules]
    if len(groups) != 1:
        _wrong("", "either all or any")
    limit = rules.get("limit", MAX_TRACKS)
    if type(limit) is not int or not 1 <= limit <= MAX_TRACKS:
        _wrong("limit", f"a number from 1 to {MAX_TRACKS}")
    reader = _Reader()
    meets = reader.group(groups[0], rules[groups[0]], groups[0], depth=1)
    return Rules(meets, _order(rules.get("sort", "title"), rules.get("order", "asc")), limit)


class _Reader:
    """Reads conditions, and counts them."""

    def __init__(self) -> None:
        self._conditions = 0

    def group(self, word: str, members: Any, place: str, *, depth: int) -> ColumnElement[bool]:
        if not isinstance(members, list) or not members:
            _wrong(place, "a list of conditions")
        if depth > MAX_DEPTH:
            _wrong(place, f"nested at most {MAX_DEPTH} deep")
        met = [self._member(each, f"{place}.{number}", depth) for number, each in enumerate(members)]
        return and_(*met) if word == "all" else or_(*met)

    def _member(self, member: Any, place: str, depth: int) -> ColumnElement[bool]:
        if not isinstance(member, dict) or len(member) != 1:
            _wrong(place, "an object with one operator, all or any")
        ((word, value),) = member.items()
        if word in GROUPS:
            return self.group(word, value, f"{place}.{word}", depth=depth + 1)
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            _wrong(place, f"at most {MAX_CONDITIONS} conditions")
        if not isinstance(value, dict) or len(value) != 1:
            _wrong(f"{place}.{word}", "an object with one field")
        ((name, compared),) = value.items()
        field, place = _field(name, f"{place}.{word}.{name}"), f"{place}.{word}.{name}"
        operator = _OPERATORS[field.kind].get(_plain(word))
        if operator is None:
            _wrong(place, f"compared by an operator of a {field.kind}")
        if _name(name) == "genre":
            return _of_genre(_plain(word), _a_text(compared, place))
        return operator(field.column, compared, place)


def _of_genre(operator: str, text: str) -> ColumnElement[bool]:
    """A track may have several genres: it is of each of them."""
    compared = _TEXT_OPERATORS[_NOT.get(operator, operator)](FileGenre.genre_key, fold(text))
    its = select(FileGenre.file_id).where(FileGenre.file_id == AudioFile.id, FileGenre.user_id == AudioFile.user_id, compared)
    is_of = its.correlate(AudioFile).exists()
    return ~is_of if operator in _NOT else is_of


def _order(sort: Any, order: Any) -> tuple[Any, ...]:
    if order not in ("asc", "desc"):
        _wrong("order", "asc or desc")
    if not isinstance(sort, str):
        _wrong("sort", "names of fields with commas between them")
    names = [each.strip() for each in sort.split(",")]
    if len(names) > MAX_SORTS:
        _wrong("sort", f"at most {MAX_SORTS} fields")
    if names == ["random"]:
        return (func.random(),)
    columns: list[Any] = []
    for name in names:
        is_down = name.startswith("-") != (order == "desc")
        column = _field(name.lstrip("+-"), "sort").column
        columns.append(column.desc().nulls_last() if is_down else column.asc().nulls_last())
    return (*columns, AudioFile.id)


def _field(name: str, place: str) -> Field:
    found = _FIELDS.get(_name(name))
    if found is None:
        _wrong(place, f"one of the fields {', '.join(_FIELDS)}")
    return found


def _name(name: str) -> str:
    return _OTHER_NAMES.get(_plain(name), _plain(name))


def _plain(word: str) -> str:
    return word.lower().replace("_", "")


def _a_text(value: Any, place: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS:
        _wrong(place, f"a text of at most {MAX_CHARACTERS} characters")
    return value.lower()


def _a_number(value: Any, place: str) -> ColumnElement[float]:
    """As Postgres compares it with any other number: bound as the column's own type, 1.5 would be 2, and 40,000 no year."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        _wrong(place, "a number")
    return literal(float(value), Double())


def _a_flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        _wrong(place, "true or false")
    return value


def _days_ago(value: Any, place: str) -> datetime:
    if type(value) is not int or not 1 <= value <= MAX_DAYS:
        _wrong(place, f"a number of days from 1 to {MAX_DAYS}")
    return clock.now() - timedelta(days=value)


def _a_day(value: Any, place: str) -> datetime:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        day = date.max
    if day.year == date.max.year:
        _wrong(place, "a day such as 2026-01-31")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _pair(value: Any, place: str) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        _wrong(place, "a list of two, from and to")
    return value[0], value[1]


def _between(column: Any, value: Any, place: str) -> ColumnElement[bool]:
    low, high = (_a_number(each, place) for each in _pair(value, place))
    return and_(column >= low, column <= high)


def _between_days(column: Any, value: Any, place: str) -> ColumnElement[bool]:
    first, last = (_a_day(each, place) for each in _pair(value, place))
    return func.coalesce(and_(column >= first, column < last + timedelta(days=1)), false())


def _wrong(place: str, wanted: str) -> NoReturn:
    raise BadRules(errors=[{"field": ".".join(["rules", place]).rstrip("."), "message": f"is to be {wanted}"}])


Operator = Callable[[Any, Any, str], ColumnElement[bool]]

_NOT: Final = {"isnot": "is", "notcontains": "contains"}
_TEXT_OPERATORS: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "is": lambda column, text: column == text,
    "contains": lambda column, text: column.contains(text, autoescape=True),
    "startswith": lambda column, text: column.startswith(text, autoescape=True),
    "endswith": lambda column, text: column.endswith(text, autoescape=True),
}


def _by_text(word: str) -> Operator:
    compare = _TEXT_OPERATORS[_NOT.get(word, word)]

    def operator(column: Any, value: Any, place: str) -> ColumnElement[bool]:
        met: ColumnElement[bool] = compare(column, _a_text(value, place))
        return ~met if word in _NOT else met

    return operator


_OPERATORS: Final[Mapping[Kind, Mapping[str, Operator]]] = {
    Kind.TEXT: {word: _by_text(word) for word in (*_TEXT_OPERATORS, *_NOT)},
    Kind.NUMBER: {
        "is": lambda column, value, place: column == _a_number(value, place),
        "isnot": lambda column, value, place: column.is_distinct_from(_a_number(value, place)),
        "gt": lambda column, value, place: column > _a_number(value, place),
        "lt": lambda column, value, place: column < _a_number(value, place),
        "intherange": _between,
    },
    Kind.DAY: {
        "before": lambda column, value, place: func.coalesce(column < _a_day(value, place), false()),
        "after": lambda column, value, place: func.coalesce(column >= _a_day(value, place) + timedelta(days=1), false()),
        "intherange": _between_days,
        "inthelast": lambda column, value, place: func.coalesce(column >= _days_ago(value, place), false()),
        "notinthelast": lambda column, value, place: or_(column.is_(None), column < _days_ago(value, place)),
    },
    Kind.FLAG: {
        "is": lambda column, value, place: column == literal(_a_flag(value, place)),
        "isnot": lambda column, value, place: column != literal(_a_flag(value, place)),
    },
}
