"""Saving a session, in both spellings, with and without a recording."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.sessions.schemas.sessions import SavedSessionOut
from tests import wire
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack


def test_alice_saves_a_session_as_the_client_spells_it(alice: Person) -> None:
    answer = alice.post(make.PATH, make.body())

    assert answer.status_code == 201
    saved = answer.json()
    assert saved["song_name"] == "Minuet in G"
    assert (saved["duration_seconds"], saved["total_practice_seconds"]) == (600, 900)
    assert saved["date"] == "2026-01-31T09:30:00.000Z"
    assert (saved["analysis_summary"], saved["analysis_feedback"]) == ("Steady.", "Mind the left hand.")
    assert saved["analysis"] == make.body()["analysis"]
    assert saved["xml_content"] == make.MINUET
    assert saved["audio_url"] is None


def test_alice_saves_a_session_as_the_seed_spells_it(alice: Person) -> None:
    saved = alice.post(make.PATH, make.seed_body()).json()

    assert (saved["song_name"], saved["duration_seconds"], saved["xml_content"]) == ("Minuet in G", 600, make.MINUET)
    assert saved["total_practice_seconds"] == 600
    assert (saved["analysis"], saved["analysis_feedback"]) == ("Mind the left hand.", "Mind the left hand.")
    assert saved["streak"] == 1  # no date: it was now


def test_the_answer_is_what_the_documentation_says(alice: Person) -> None:
    saved = alice.post(make.PATH, make.body()).json()

    assert SavedSessionOut.model_validate(saved).model_fields_set == set(saved) == set(SavedSessionOut.model_fields)


def test_the_right_spelling_of_the_summary_is_read_too(alice: Person) -> None:
    saved = make.saved(alice, analysis={"performance_summary": "Steady."})

    assert saved["analysis_summary"] == "Steady."


def test_what_else_the_client_sends_is_tolerated(alice: Person) -> None:
    saved = make.saved(alice, id="local-1", user={"name": "x"}, duration_seconds=59.5, date=None, analysis=None)

    assert saved["duration_seconds"] == 60
    assert saved["id"] != "local-1"


@pytest.mark.parametrize("wrap", [make.encoded, make.data_url])
def test_a_recording_comes_back_byte_for_byte(alice: Person, nobody: Person, wrap) -> None:
    recording = make.recording()

    saved = make.saved(alice, audioBase64=wrap(recording))

    played = nobody.get(saved["audio_url"])  # the address itself is the permission
    assert played.status_code == 200
    assert played.content == recording
    assert nobody.get(saved["audio_url"], headers={"Range": "bytes=10-19"}).content == recording[10:20]


def test_a_data_url_of_nothing_is_no_recording(alice: Person) -> None:
    assert make.saved(alice, audioBase64="data:audio/webm;base64,")["audio_url"] is None


def test_the_same_save_sent_again_is_one_session(alice: Person) -> None:
    body, key = make.body(audioBase64=make.data_url(make.recording())), {"Idempotency-Key": str(uuid.uuid4())}

    first, again = (alice.post(make.PATH, body, headers=key) for _ in range(2))
    other = alice.post(make.PATH, make.body(instrument="Flute"), headers=key)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() | {"audio_url": ""} == again.json() | {"audio_url": ""}
    assert alice.get(again.json()["audio_url"]).status_code == 200
    assert len(alice.get(make.PATH).json()) == 1


def test_five_saves_at_once_with_one_key_are_one_session(alice: Person) -> None:
    body, key = make.body(audioBase64=make.data_url(make.recording())), {"Idempotency-Key": str(uuid.uuid4())}

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: alice.post(make.PATH, body, headers=key), range(5)))

    assert {answer.status_code for answer in answers} <= {201, 409, 429}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(alice.get(make.PATH).json()) == 1


def test_a_key_of_a_save_that_failed_may_be_used_again(alice: Person) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}

    refused = alice.post(make.PATH, make.body(audioBase64=make.encoded(b"just text, no audio")), headers=key)
    saved = alice.post(make.PATH, make.body(), headers=key)

    assert refused.status_code in (415, 422)
    assert saved.status_code == 201


@pytest.mark.parametrize(
    ("audio", "says"),
    [
        ("@@@@", "Base64"),  # not the alphabet
        ("AAA", "Base64"),  # not a multiple of four
        ("AA==AAAA", "Base64"),  # more after the end
        ("AA_-", "Base64"),  # the alphabet of URLs
        ("data:audio/webm,hello", "data URL"),  # not in Base64 at all
        ("data:audio/webm;base64,\u00e9", "Base64"),  # not ASCII
    ],
)
def test_bad_base64_is_refused_by_name(alice: Person, audio: str, says: str) -> None:
    answer = alice.post(make.PATH, make.body(audioBase64=audio))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "audioBase64"
    assert says in answer.json()["detail"]
    assert alice.get(make.PATH).json() == []


@pytest.mark.parametrize("content", [b"RIFF....not really", b"\x89PNG\r\n\x1a\n" + bytes(200), bytes(5000)])
def test_a_recording_that_is_no_audio_is_refused_and_nothing_is_saved(alice: Person, content: bytes) -> None:
    answer = alice.post(make.PATH, make.body(audioBase64=make.data_url(content)))

    assert answer.status_code in (415, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert isinstance(answer.json()["detail"], str)
    assert alice.get(make.PATH).json() == []


def test_a_recording_over_the_cap_is_413(alice: Person) -> None:
    too_large = make.encoded(bytes(64 * 1024 * 1024 + 1))

    answer = alice.post(make.PATH, make.body(audioBase64=too_large))

    assert answer.status_code == 413
    assert answer.json()["code"] == "recording_too_large"


@pytest.mark.parametrize(
    "wrong",
    [
        {"song_name": ""},
        {"song_name": "x" * 256},
        {"song_name": None},
        {"instrument": 7},
        {"duration_seconds": -1},
        {"duration_seconds": 86_401},
        {"duration_seconds": "long"},
        {"duration_seconds": True},
        {"total_practice_seconds": -5},
        {"date": "yesterday"},
        {"date": 1234567890},
        {"date": "1931-01-01T00:00:00Z"},
        {"date": "2931-01-01T00:00:00Z"},
        {"analysis": 3},
        {"analysis": ["a"]},
        {"analysis": "x" * 20_001},
        {"score_accuracy": 101},
        {"audioBase64": {"a": 1}},
    ],
)
def test_what_a_session_cannot_be_is_refused_by_name(alice: Person, wrong: dict) -> None:
    answer = alice.post(make.PATH, make.body(**wrong))

    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["detail"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"x"', b"null", b'{"song_name": NaN}', b'{"song_name": "a\\u0000"}', b'{"a": 1, "a": 2}', b"\xff\xfe"],
)
def test_a_body_that_is_no_session_is_refused(alice: Person, content: bytes) -> None:
    answer = alice.post(make.PATH, content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_score_over_5_mib_is_refused(alice: Person) -> None:
    answer = alice.post(make.PATH, make.body(xml_content="x" * (5 * 1024 * 1024 + 1)))

    assert answer.status_code == 422
    assert "xml_content" in answer.json()["detail"]


def test_nobody_saves_nothing_and_learns_so_before_sending_much(stack: Stack, nobody: Person) -> None:
    talking = wire.begin(stack, make.PATH, "application/json", token=None, length=80_000_000)

    sent, answer = wire.sent_until_answered(talking, (bytes(65536) for _ in range(1200)))

    assert answer == b"HTTP/1.1 401 Unauthorized"
    assert sent <= 1_000_000
    assert nobody.post(make.PATH, make.body()).status_code == 401


def test_a_third_large_body_of_one_person_waits(stack: Stack, alice: Person) -> None:
    arriving = [wire.begin(stack, make.PATH, "application/json", token=alice.token, length=20_000_000) for _ in range(2)]
    for talking in arriving:
        talking.sendall(b'{"song_name": "')
    time.sleep(0.5)  # until both have been counted
    third = alice.post(make.PATH, make.body(xml_content="<x/>", note="x" * 2_000_000))
    for talking in arriving:
        talking.close()

    assert (third.status_code, third.json()["code"]) == (429, "too_many_recordings")
    assert int(third.headers["Retry-After"]) > 0
    deadline = time.monotonic() + 10
    while (again := alice.post(make.PATH, make.body(xml_content="<x/>", note="x" * 2_000_000))).status_code == 429:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert again.status_code == 201
