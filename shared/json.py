"""JSON as it should have been: one reader that refuses what breaks things later, one fast writer.

Python's own reader takes NaN, repeated keys, lone surrogates, NUL and integers of any length; each of them is a 500 or a
silently lost value somewhere behind it (measured with FastAPI 0.165 and Postgres), so all are refused here, once.
"""

from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 32  # nested lists and objects; real bodies stay under 10
BIGINT = range(-(2**63), 2**63)  # what a Postgres bigint holds
MAX_FLOAT = 2.0**63  # a larger one comes back from JSONB as an integer that orjson cannot write: kept, and never read again
MAX_INTEGER_DIGITS = 19  # of a bigint: longer text is refused before it costs time


class BadJson(JSONDecodeError):
    """The body is not JSON that this service takes."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "", 0)


def loads(body: bytes) -> Any:
    """Read a JSON document. Raises BadJson, saying why."""
    try:
        value = _decoder.decode(body.decode("utf-8"))
        _check(value, depth=0)
    except UnicodeDecodeError as reason:
        raise BadJson("not UTF-8") from reason
    except RecursionError as reason:
        raise BadJson(f"nested deeper than {MAX_DEPTH}") from reason
    except BadJson:
        raise
    except JSONDecodeError as reason:
        raise BadJson(f"{reason.msg} at character {reason.pos}") from reason
    return value


def dumps(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """Write a JSON document; UUIDs, dates and datetimes (as UTC with `Z`) included. `default` renders what is none of these."""
    return orjson.dumps(value, default=default, option=orjson.OPT_UTC_Z)


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS or int(digits) not in BIGINT:
        raise BadJson("an integer is out of range")
    return int(digits)


def _float(text: str) -> float:
    number = float(text)
    if not abs(number) < MAX_FLOAT:
        raise BadJson("a number is out of range")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("an object repeats a key")
    return found


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH or (depth == MAX_DEPTH and isinstance(value, list | dict)):
        raise BadJson(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BadJson("a string holds NUL")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as reason:
            raise BadJson("a string holds half of a surrogate pair") from reason


_decoder = JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer, parse_float=_float)
