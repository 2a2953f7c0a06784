"""What no session can be: each refused in words that name what is wrong, and nothing of it kept."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests import people, wire
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack


@pytest.fixture(scope="module")
def unlucky(stack: Stack) -> Iterator[Person]:
    """Somebody who gets everything wrong: of all that, nothing is kept."""
    person = people.sign_up(stack.url, "alice")
    yield person
    assert person.get(make.PATH).json() == []
    assert person.get("/api/stats").json()["total_minutes"] == 0
    person.http.close()


def picture() -> bytes:
    """One red pixel, a real PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("audio", "says"),
    [
        ("@@@@", "Base64"),  # not the alphabet
        ("AAA", "Base64"),  # not a multiple of four
        ("AA==AAAA", "Base64"),  # more after the end
        ("AA_-", "Base64"),  # the alphabet of URLs
        ("AAAA AAAA", "Base64"),  # white space, in every form
        ("AAAA\r\nAAAA\r\n", "Base64"),
        ("\tAAAA", "Base64"),
        ("data:audio/webm;base64, AAAA", "Base64"),
        ("data:audio/webm,hello", "data URL"),  # not in Base64 at all
        ("data:audio/webm;base64,\u00e9", "Base64"),  # not ASCII
    ],
)
def test_bad_base64_is_refused_by_name(unlucky: Person, audio: str, says: str) -> None:
    answer = unlucky.post(make.PATH, make.body(audioBase64=audio))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "audioBase64"
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    "audio",
    [
        make.data_url(b"RIFF....not really"),
        make.data_url(picture()),  # which says that it is sound
        make.data_url(picture(), "image/png"),
        make.encoded(picture()),
        make.data_url(bytes(5000)),
        make.data_url(make.MINUET.encode(), "text/xml"),
    ],
    ids=["a torn WAV", "a picture as sound", "a picture", "a picture undeclared", "zeros", "a score"],
)
def test_a_recording_that_is_no_audio_is_refused_and_nothing_is_saved(unlucky: Person, audio: str) -> None:
    answer = unlucky.post(make.PATH, make.body(audioBase64=audio))

    assert answer.status_code in (415, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert isinstance(answer.json()["detail"], str)


def test_a_recording_over_the_cap_is_413(unlucky: Person) -> None:
    too_large = make.encoded(bytes(64 * 1024 * 1024 + 1))

    answer = unlucky.post(make.PATH, make.body(audioBase64=too_large))

    assert answer.status_code == 413
    assert answer.json()["code"] == "recording_too_large"


def test_200_mb_of_recording_are_refused_before_much_of_them_was_sent(stack: Stack, unlucky: Person) -> None:
    talking = wire.begin(stack, make.PATH, "application/json", token=unlucky.token, length=200_000_000)

    sent, answer = wire.sent_until_answered(talking, (b"A" * 65_536 for _ in range(3_000)))

    assert answer == b"HTTP/1.1 413 Request Entity Too Large"
    assert sent <= 1_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"song_name": ""},
        {"song_name": "x" * 256},
        {"song_name": None},
        {"instrument": 7},
        {"duration_seconds": -1},
        {"duration_seconds": -0.6},
        {"duration_seconds": 86_401},
        {"duration_seconds": 172_800},  # 48 hours
        {"duration_seconds": 2**62},
        {"duration_seconds": 1e18},
        {"duration_seconds": "long"},
        {"duration_seconds": "Infinity"},
        {"duration_seconds": True},
        {"total_practice_seconds": -5},
        {"total_practice_seconds": 2**31},
        {"date": "yesterday"},
        {"date": 1234567890},
        {"date": "1234567890"},
        {"date": "1931-01-01T00:00:00Z"},
        {"date": "1969-12-30T23:59:59Z"},
        {"date": "2931-01-01T00:00:00Z"},
        {"date": "2026-02-30"},
        {"date": "2026-01-31T25:00:00Z"},
        {"date": "2026-01-31T09:30:00[Europe/Nowhere]"},
        {"date": "9999-12-31T23:59:59-14:00"},
        {"date": "0001-01-01T00:00:00+14:00"},
        {"date": "0000-00-00"},
        {"analysis": 3},
        {"analysis": ["a"]},
        {"analysis": "x" * 20_001},
        {"score_accuracy": 101},
        {"xml_content": "x" * (5 * 1024 * 1024 + 1)},
        {"audioBase64": {"a": 1}},
    ],
    ids=lambda wrong: str(wrong)[:50],
)
def test_what_a_session_cannot_be_is_refused_by_name(unlucky: Person, wrong: dict[str, Any]) -> None:
    answer = unlucky.post(make.PATH, make.body(**wrong))

    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["detail"]


SESSION = b'{"song_name": "Minuet", "instrument": "Piano", "duration_seconds": %s}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe",
        SESSION % b"NaN",
        SESSION % b"Infinity",
        SESSION % b"1e999",
        SESSION % (b"9" * 5_000),
        SESSION % b'60, "notes": "a\\u0000"',
        SESSION % b'60, "notes": "\\ud83c"',  # half of a pair
        SESSION % b'60, "a": 1, "a": 2',
        SESSION % (b'60, "analysis": {"a": ' + b"[" * 40 + b"]" * 40 + b"}"),
        SESSION % (b'60, "a": ' + b"[" * 100_000),
    ],
    ids=lambda content: content[-50:],
)
def test_a_body_that_is_no_session_is_refused(unlucky: Person, content: bytes) -> None:
    answer = unlucky.post(make.PATH, content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "UTC%00", "x" * 5_000, "localtime", "+02:00"])
def test_a_zone_that_does_not_exist_is_refused_and_nothing_is_saved(unlucky: Person, zone: str) -> None:
    answer = unlucky.post(f"{make.PATH}?tz={zone}", make.body())

    assert answer.status_code == 400
    assert answer.json()["code"] == "unknown_time_zone"


def test_what_is_only_unusual_is_taken(alice: Person) -> None:
    """No time at all, for a button that was pressed at once; the first day there is; a day without an hour; a day's length."""
    unusual = [{"duration_seconds": 0}, {"date": "1970-01-01T00:00:00Z"}, {"date": "2026-01-31"}, {"duration_seconds": 86_400}]

    saved = [make.saved(alice, **each) for each in unusual]

    assert [each["duration_seconds"] for each in saved] == [0, 600, 600, 86_400]
    assert [each["practised_on"] for each in saved] == ["2026-01-31", "1970-01-01", "2026-01-31", "2026-01-31"]
