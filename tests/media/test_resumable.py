"""Resumable uploads (tus 1.0): what a request that breaks leaves behind, and what comes of the whole."""

import base64
import hashlib
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.media import make
from tests.people import Person
from tests.stack import Stack

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = TUS | {"Content-Type": "application/offset+octet-stream"}


def named(filename: str | bytes) -> dict[str, str]:
    raw = filename.encode() if isinstance(filename, str) else filename
    return {"Upload-Metadata": f"filename {base64.b64encode(raw).decode()}"}


def begin(person: Person, length: int | None, filename: str = "minuet.flac", **more: str) -> httpx2.Response:
    said = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    return person.post("/files/tus", headers=TUS | said | named(filename) | more)


def begun(person: Person, length: int | None, filename: str = "minuet.flac") -> str:
    answer = begin(person, length, filename)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def send(person: Person, where: str, offset: int, data: bytes, **more: str) -> httpx2.Response:
    return person.http.patch(where, content=data, headers=BYTES | {"Upload-Offset": str(offset)} | more)


def offset(person: Person, where: str) -> int:
    answer = person.http.head(where, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def became(person: Person, where: str) -> dict[str, Any]:
    """The file that an upload became, once it can be listened to."""
    file_id = person.http.head(where, headers=TUS).headers["tutti-file-id"]
    look = lambda: person.get(f"/files/{file_id}").json()  # noqa: E731
    return make.until(look, lambda file: file.get("status") in {"ready", "rejected"} and "id" in file)


def used(stack: Stack, person: Person) -> int:
    with stack.engine("media-worker").begin() as db:
        return db.exec_driver_sql("SELECT used_bytes FROM storage_use WHERE user_id = %s", (person.id,)).scalar() or 0


def test_alice_sends_a_file_in_three_pieces_and_it_is_hers(stack: Stack, alice: Person) -> None:
    whole = make.big_wav(9 * 1024 * 1024)
    where = begun(alice, len(whole), "../../Long\u202e walk.wav")
    reserved = used(stack, alice)

    sent = [send(alice, where, at, whole[at : at + 4_000_000]) for at in range(0, len(whole), 4_000_000)]

    assert [each.status_code for each in sent] == [204, 204, 204]
    assert sent[-1].headers["upload-offset"] == str(len(whole))
    file = became(alice, where)
    assert (file["status"], file["filename"], file["file_size"]) == ("ready", "Long walk.wav", len(whole))
    assert alice.get(f"/files/{file['id']}/stream").content == whole
    assert alice.get(where).json()["progress"] == "done"
    assert reserved == used(stack, alice) == len(whole)
    make.until(lambda: [each for each in make.objects(stack, alice) if "/uploads/" in str(each)], lambda left: left == [])


def test_what_is_spoken_is_told_to_anybody_in_every_answer(alice: Person, nobody: Person) -> None:
    told = nobody.http.options("/files/tus").headers
    assert (told["tus-version"], told["tus-resumable"], told["tus-max-size"]) == ("1.0.0", "1.0.0", str(200 * 1024 * 1024))
    assert "creation" in told["tus-extension"].split(",")

    refused = alice.post("/files/tus", headers={"Upload-Length": "10"})

    assert (refused.status_code, refused.headers["tus-version"], refused.headers["tus-resumable"]) == (412, "1.0.0", "1.0.0")


def test_a_stranger_cannot_see_feed_or_end_an_upload(alice: Person, bob: Person) -> None:
    where = begun(alice, 100)

    assert bob.http.head(where, headers=TUS).status_code == 404
    assert bob.get(where).status_code == 404
    assert send(bob, where, 0, b"x").status_code == 404
    assert bob.delete(where, headers=TUS).status_code == 404
    assert offset(alice, where) == 0


REFUSED = [
    # What is sent, and why it cannot be taken.
    ({"Upload-Length": "-1"}, 400),
    ({"Upload-Length": "1e3"}, 400),
    ({"Upload-Length": "9" * 30}, 400),
    ({}, 400),  # neither a length nor that it comes later
    ({"Upload-Length": "1", "Upload-Defer-Length": "1"}, 400),
    ({"Upload-Defer-Length": "yes"}, 400),
    ({"Upload-Length": str(201 * 1024 * 1024)}, 413),  # more than a file may have
    ({"Upload-Length": "1", "Upload-Metadata": "filename !!!"}, 400),  # no Base64
    ({"Upload-Length": "1", "Upload-Metadata": "a YQ==,a YQ=="}, 400),  # twice the same key
    ({"Upload-Length": "1", "Upload-Metadata": "a" * 9000}, 400),
]


def test_what_cannot_be_begun_is_refused_and_reserves_nothing(stack: Stack, alice: Person) -> None:
    for headers, status in REFUSED:
        answer = alice.post("/files/tus", headers=TUS | headers)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), headers
    assert used(stack, alice) == 0


def test_bytes_that_do_not_fit_change_nothing(stack: Stack, alice: Person) -> None:
    sound = make.wav()
    where = begun(alice, len(sound))
    assert send(alice, where, 0, sound[:1000]).headers["upload-offset"] == "1000"

    wrong = [
        send(alice, where, 0, sound),  # again from the start
        send(alice, where, 2000, sound[2000:]),  # with a hole
        send(alice, where, 1000, sound[1000:] + b"x"),  # more than was said
        send(alice, where, 1000, sound[1000:], **{"Content-Type": "audio/wav"}),
        send(alice, where, 1000, b"x" * 10, **{"Upload-Length": "5000"}),  # another length
        send(alice, where, 1000, sound[1000:], **{"Upload-Checksum": f"sha1 {base64.b64encode(bytes(20)).decode()}"}),
        send(alice, where, 1000, sound[1000:], **{"Upload-Checksum": "crc32 AAAA"}),
    ]

    assert [each.status_code for each in wrong] == [409, 409, 413, 415, 400, 460, 400]
    assert wrong[5].json()["code"] == "checksum_mismatch"
    assert offset(alice, where) == 1000
    right = base64.b64encode(hashlib.sha256(sound[1000:]).digest()).decode()
    assert send(alice, where, 1000, sound[1000:], **{"Upload-Checksum": f"sha256 {right}"}).status_code == 204
    assert alice.get(f"/files/{became(alice, where)['id']}/stream").content == sound


def test_an_upload_begins_with_its_first_bytes_and_tells_its_length_later(stack: Stack, alice: Person) -> None:
    sound = make.wav()
    began = alice.post("/files/tus", headers=BYTES | {"Upload-Defer-Length": "1"} | named("a.wav"), content=sound[:500])
    where = began.headers["location"]
    assert (began.status_code, began.headers["upload-offset"]) == (201, "500")
    assert alice.http.head(where, headers=TUS).headers["upload-defer-length"] == "1"

    said = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "500", "Upload-Length": str(len(sound))}
    ended = alice.post(where, headers=BYTES | said, content=sound[500:])

    assert ended.status_code == 204
    assert became(alice, where)["status"] == "ready"
    assert used(stack, alice) == len(sound)


def test_what_was_given_up_is_gone_with_its_room(stack: Stack, alice: Person) -> None:
    where = begun(alice, 100_000)
    send(alice, where, 0, bytes(50_000))

    assert alice.delete(where, headers=TUS).status_code == 204

    assert alice.http.head(where, headers=TUS).status_code == 404
    assert used(stack, alice) == 0
    make.until(lambda: make.objects(stack, alice), lambda left: list(left) == [])


@pytest.mark.parametrize(("data", "code"), [(b"only words " * 100, "not audio"), (b"", "empty")])
def test_what_turns_out_not_to_be_audio_is_listed_with_the_reason(stack: Stack, alice: Person, data: bytes, code: str) -> None:
    where = begun(alice, len(data), "words.mp3")
    if data:
        assert send(alice, where, 0, data).status_code == 204

    file = became(alice, where)

    assert (file["status"], file["filename"], file["stream_url"]) == ("rejected", "words.mp3", None)
    assert code in file["error"]
    assert used(stack, alice) == 0
    make.until(lambda: make.objects(stack, alice), lambda left: list(left) == [])
    song = make.upload(alice).json()[0]
    assert alice.delete(f"/files/{file['id']}").status_code == 204
    assert used(stack, alice) == song["file_size"]


def test_an_upload_begun_twice_with_one_key_is_one(stack: Stack, alice: Person) -> None:
    key = {"Idempotency-Key": "walk"}
    first, second = begin(alice, 100, **key), begin(alice, 100, **key)

    assert first.headers["location"] == second.headers["location"]
    assert second.headers["idempotent-replayed"] == "true"
    assert begin(alice, 101, **key).status_code == 422
    assert used(stack, alice) == 100


@pytest.fixture
def hanging(stack: Stack, alice: Person) -> Iterator[tuple[str, bytes, socket.socket]]:
    """An upload whose sender has fallen silent in the middle of a request."""
    sound = make.big_wav(10_000_000)
    where = begun(alice, len(sound), "walk.wav")
    address = urlsplit(stack.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as talking:
        head = [f"PATCH {where} HTTP/1.1", "Host: tutti", f"Authorization: Bearer {alice.token}", "Upload-Offset: 0"]
        head += [f"Content-Length: {len(sound)}", *(f"{name}: {value}" for name, value in BYTES.items())]
        talking.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + sound[:9_500_000])
        yield where, sound, talking


def test_a_request_that_hangs_keeps_nobody_waiting(alice: Person, hanging: tuple[str, bytes, socket.socket]) -> None:
    where, sound, talking = hanging
    part = 8 * 1024 * 1024
    make.until(lambda: offset(alice, where), lambda at: at == part, seconds=5)

    answer = send(alice, where, part, sound[part:])
    talking.sendall(sound[9_500_000:])

    assert answer.status_code == 204
    assert talking.recv(100).startswith(b"HTTP/1.1 409")
    assert alice.get(f"/files/{became(alice, where)['id']}/stream").content == sound


def test_what_arrived_of_a_request_that_broke_off_stays(alice: Person, hanging: tuple[str, bytes, socket.socket]) -> None:
    where, sound, talking = hanging
    talking.close()

    at = make.until(lambda: offset(alice, where), lambda at: at > 9_000_000, seconds=5)

    assert send(alice, where, at, sound[at:]).status_code == 204
    assert alice.get(f"/files/{became(alice, where)['id']}/stream").content == sound
