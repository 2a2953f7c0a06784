"""Sessions as CSV (RFC 4180): one row each, with names of columns that other programs' files have too.

A cell that a spreadsheet would take for a formula gets an apostrophe before it, and loses it again when it comes back
(OWASP, CSV injection). What comes in may be separated by commas, semicolons or tabs, its columns in any order.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.sessions.errors import TableUnreadable
from services.sessions.moving.limits import MOST_ROWS
from shared import clock, json

COLUMNS = (
    "id",
    "date",
    "time_zone",
    "practised_on",
    "song_name",
    "instrument",
    "duration_seconds",
    "total_practice_seconds",
    "tempo_bpm",
    "self_rating",
    "score_accuracy",
    "notes",
    "analysis_summary",
    "analysis_feedback",
    "sections",
)
MOST_COLUMNS = 100
MOST_CELL_CHARACTERS = 1_000_000
SEPARATORS = ",;\t"
FORMULA = re.compile(r"'*[=+\-@\t\r]")
APOSTROPHES = re.compile(r"'+[=+\-@\t\r]")
NUMBERS = frozenset({"duration_seconds", "total_practice_seconds", "tempo_bpm", "self_rating", "score_accuracy"})
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# How others call our columns. What is in minutes, and what is a length of the clock (1:05:00), becomes seconds.
NAMES = {
    "songname": "song_name",
    "song": "song_name",
    "piece": "song_name",
    "title": "song_name",
    "durationseconds": "duration_seconds",
    "duration": "duration_seconds",
    "seconds": "duration_seconds",
    "length": "duration_seconds",
    "minutes": "minutes",
    "durationminutes": "minutes",
    "totalpracticeseconds": "total_practice_seconds",
    "timezone": "time_zone",
    "day": "date",
    "datetime": "date",
    "practicedate": "date",
    "comment": "notes",
    "comments": "notes",
    "note": "notes",
    "tempo": "tempo_bpm",
    "bpm": "tempo_bpm",
    "tempobpm": "tempo_bpm",
    "rating": "self_rating",
    "selfrating": "self_rating",
    "scoreaccuracy": "score_accuracy",
    "accuracy": "score_accuracy",
    "analysissummary": "analysis_summary",
    "summary": "analysis_summary",
    "analysisfeedback": "analysis_feedback",
    "feedback": "analysis_feedback",
}
csv.field_size_limit(MOST_CELL_CHARACTERS)  # of this process: nothing else in it reads CSV


def head() -> bytes:
    """The first row."""
    return _line(COLUMNS)


def row(session: Mapping[str, Any]) -> bytes:
    """One session."""
    cells = {**session, "date": clock.iso(session["date"]), "sections": json.dumps(session["sections"]).decode()}
    return _line("" if cells[name] is None else _harmless(str(cells[name])) for name in COLUMNS)


def rows(content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row of a file with the number of its line, by the names that a session's JSON has. Raises TableUnreadable."""
    text = _text(content)
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        names = [_name(each) for each in next(reader, [])]
        if len(names) > MOST_COLUMNS or not {"song_name", "instrument"} <= set(names):
            raise TableUnreadable(why="its first row does not name song_name and instrument")
        for number, cells in enumerate(reader):
            if number > MOST_ROWS:
                raise TableUnreadable(why=f"it has more than {MOST_ROWS} rows; send it in parts")
            if len(cells) > len(names):
                raise TableUnreadable(why=f"line {reader.line_num} has more cells than the first one")
            if any(cells):
                yield reader.line_num, _session(dict(zip(names, cells, strict=False)))
    except csv.Error as reason:
        raise TableUnreadable(why=f"line {reader.line_num}: {reason}") from reason


def _session(cells: Mapping[str, str]) -> dict[str, Any]:
    """A row as JSON would have it. What is no number stays what it is, for the schema to name.

    >>> _session({"song_name": "'=1", "minutes": "1,5", "tempo_bpm": "", "duration_seconds": ""})
    {'song_name': '=1', 'duration_seconds': 90}
    """
    found: dict[str, Any] = {}
    for name, cell in cells.items():
        told = cell[1:] if APOSTROPHES.match(cell) else cell
        if not told.strip():
            continue
        if name == "minutes":
            found.setdefault("duration_seconds", _seconds(told, unit=60))
        elif name == "duration_seconds":
            found[name] = _seconds(told, unit=1)
        elif name in NUMBERS:
            found[name] = _number(told)
        elif name == "sections":
            found[name] = _decoded(told)
        elif name:
            found[name] = told
    return found


def _seconds(told: str, *, unit: int) -> Any:
    """A number of units, or a length as a clock shows it.

    >>> _seconds("1:05", unit=1), _seconds("1:00:05", unit=60), _seconds("2.5", unit=60), _seconds("long", unit=1)
    (65, 3605, 150, 'long')
    """
    if re.fullmatch(r"\d{1,3}(:[0-5]\d){1,2}", told):
        seconds = 0
        for part in told.split(":"):
            seconds = seconds * 60 + int(part)
        return seconds
    number = _number(told)
    return math.floor(number * unit + 0.5) if isinstance(number, int | float) else number


def _number(told: str) -> Any:
    """A number, also one with a comma; anything else as it is."""
    if not re.fullmatch(r"-?\d{1,12}([.,]\d{1,6})?", told.strip()):
        return told
    number = float(told.strip().replace(",", "."))
    return int(number) if number.is_integer() else number


def _decoded(told: str) -> Any:
    try:
        return json.loads(told.encode())
    except json.BadJson:
        return told


def _name(told: str) -> str:
    plain = re.sub(r"[^a-z]", "", told.casefold())
    known = {name.replace("_", ""): name for name in COLUMNS} | NAMES
    return known.get(plain, "")


def _text(content: bytes) -> str:
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as reason:
        raise TableUnreadable(why="it is neither UTF-8 nor UTF-16; save it as UTF-8") from reason


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> _harmless("=1+1"), _harmless("'=1"), _harmless("Minuet")
    ("'=1+1", "''=1", 'Minuet')
    """
    return f"'{cell}" if FORMULA.match(cell) else cell


def _line(cells: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()
