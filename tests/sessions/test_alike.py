"""The same save several times: at once it is one session, from a client without a key too; one after the other, it is two."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests import wire
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack


@contextmanager
def begun(stack: Stack, person: Person, content: bytes, *, times: int, path: str = make.PATH) -> Iterator[list[socket.socket]]:
    """So many requests under way at once: all of each has been sent but for its last byte."""
    with ExitStack() as open_ones:
        found = []
        for _ in range(times):
            begin = wire.begin(stack, path, "application/json", token=person.token, length=len(content))
            found.append(open_ones.enter_context(begin))
            found[-1].sendall(content[:-1])
        yield found


def answered(talking: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the document of an answer."""
    file = talking.makefile("rb")
    status = int(file.readline().split()[1])
    headers = dict(line.decode().lower().rstrip().split(": ", 1) for line in iter(file.readline, b"\r\n"))
    return status, json.loads(file.read(int(headers["content-length"])))


@pytest.mark.parametrize("has_recording", [True, False])
def test_the_same_save_sent_five_times_at_once_is_one_session(stack: Stack, alice: Person, has_recording: bool) -> None:
    audio = make.data_url(make.recording()) if has_recording else ""
    content = json.dumps(make.body(audioBase64=audio, date=None)).encode()

    with begun(stack, alice, content, times=5) as requests:
        for each in requests:
            each.sendall(content[-1:])
        answers = [answered(each) for each in requests]

    assert [status for status, _ in answers] == [201] * 5
    (saved,) = {document["id"] for _, document in answers}
    assert [each["id"] for each in alice.get(make.PATH).json()] == [saved]
    assert {document["streak"] for _, document in answers} == {1}
    if has_recording:
        assert {alice.get(document["audio_url"]).status_code for _, document in answers} == {200}


def test_one_that_began_before_the_first_was_done_is_the_same_however_late_its_end_comes(stack: Stack, alice: Person) -> None:
    content = json.dumps(make.body()).encode()

    with begun(stack, alice, content, times=2) as (first, second):
        first.sendall(content[-1:])
        saved = answered(first)
        second.sendall(content[-1:])
        again = answered(second)

    assert saved == again
    assert len(alice.get(make.PATH).json()) == 1


def test_the_same_save_sent_again_afterwards_is_another_session(alice: Person) -> None:
    saved = [make.saved(alice)["id"] for _ in range(3)]

    assert len(set(saved)) == 3
    assert {each["id"] for each in alice.get(make.PATH).json()} == set(saved)


def test_a_session_that_was_deleted_meanwhile_answers_nobody_any_more(stack: Stack, alice: Person) -> None:
    content = json.dumps(make.body()).encode()

    with begun(stack, alice, content, times=2) as (first, second):
        first.sendall(content[-1:])
        _, gone = answered(first)
        assert alice.delete(f"{make.PATH}/{gone['id']}").status_code == 204
        second.sendall(content[-1:])
        status, saved = answered(second)

    assert status == 201
    assert [each["id"] for each in alice.get(make.PATH).json()] == [saved["id"]] != [gone["id"]]


def test_others_at_the_same_time_are_others(stack: Stack, alice: Person, bob: Person) -> None:
    """Another person's, another body, and the same body on another calendar."""
    one, other = (json.dumps(make.body(notes=notes)).encode() for notes in ("one", "two"))
    asked = [
        (alice, one, make.PATH),
        (bob, one, make.PATH),
        (alice, other, make.PATH),
        (alice, one, f"{make.PATH}?tz=Asia/Tokyo"),
    ]

    with ExitStack() as open_ones:
        requests = [(open_ones.enter_context(begun(stack, who, body, times=1, path=path)), body) for who, body, path in asked]
        for (request,), body in requests:
            request.sendall(body[-1:])
        answers = [answered(request) for (request,), _ in requests]

    assert [status for status, _ in answers] == [201] * 4
    assert len({document["id"] for _, document in answers}) == 4
    assert (len(alice.get(make.PATH).json()), len(bob.get(make.PATH).json())) == (3, 1)


def test_where_the_first_fails_each_hears_why(stack: Stack, alice: Person) -> None:
    content = json.dumps(make.body(audioBase64=make.data_url(b"just text, no audio"))).encode()

    with begun(stack, alice, content, times=3) as requests:
        for each in requests:
            each.sendall(content[-1:])
        answers = [answered(each) for each in requests]

    assert {status for status, _ in answers} <= {415, 422}
    assert alice.get(make.PATH).json() == []


def test_a_key_stands_for_the_time_zone_that_is_asked_for_too(alice: Person) -> None:
    for path, body in ((make.PATH, make.body()), (f"{make.PATH}/running", {"song_name": "Gavotte", "instrument": "Violin"})):
        first, again, elsewhere = (
            alice.post(path, body, params={"tz": zone}, headers={"Idempotency-Key": "abroad"})
            for zone in ("Asia/Tokyo", "Asia/Tokyo", "America/Lima")
        )

        assert first.json()["id"] == again.json()["id"]
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "key_reused")
