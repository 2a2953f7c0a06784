"""JSON that breaks things later is refused, and says why."""

import pytest

from shared import json


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a": 1, "a": 2}', "repeats a key"),  # the second would win in silence
        (b"[NaN]", "not a JSON number"),  # Postgres and browsers refuse it later
        (b"[-Infinity]", "not a JSON number"),
        (b"[1e999]", "out of range"),  # infinity by another name
        (rb'["\ud800"]', "surrogate"),  # half a pair cannot be stored as UTF-8
        (rb'["\u0000"]', "NUL"),  # Postgres has no NUL in text
        (rb'{"\u0000": 1}', "NUL"),
        (b"[" * 33 + b"]" * 33, "deeper than 32"),
        (b"[" * 100_000, "deeper than 32"),  # no stack is left to find out slowly
        (b"[" + b"9" * 4_000 + b"]", "out of range"),
        (b"[9223372036854775808]", "out of range"),  # one more than a bigint
        (b"[1e20]", "out of range"),  # JSONB gives it back as an integer that nobody can write
        (b'"\xff"', "not UTF-8"),
        (b"", "at character 0"),
        (b'{"a": 1} x', "at character"),
    ],
)
def test_what_breaks_things_later_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(json.BadJson) as refused:
        json.loads(body)

    assert why in refused.value.msg


def test_ordinary_json_is_read_as_it_is() -> None:
    body = '{"name": "Dvořák 🎻", "n": [-9223372036854775808, 9223372036854775807, 1.5, null, true]}'.encode()

    assert json.loads(body) == {"name": "Dvořák 🎻", "n": [-(2**63), 2**63 - 1, 1.5, None, True]}
