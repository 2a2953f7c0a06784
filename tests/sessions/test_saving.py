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
