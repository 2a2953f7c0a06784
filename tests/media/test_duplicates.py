"""The same bytes twice, one file a request as Sinuzoid sends it, and the room that is left."""

from typing import Any

import httpx2

from services.media.schemas.files import StorageOut, UploadedOut
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def send(person: Person, data: bytes, name: str = "a.wav", **request: Any) -> httpx2.Response:
    return person.post("/files/upload/audio", files={"file": (name, data)}, **request)


def test_alice_is_told_what_she_has_already(alice: Person, bob: Person) -> None:
    sound = make.wav()
    first = send(alice, sound, "first.wav").json()

    second = send(alice, sound, "second.wav").json()
    skipped = send(alice, sound, "third.wav", params={"on_duplicate": "skip"})
    both = [("file", ("fourth.wav", sound)), ("file", ("new.wav", make.wav(2)))]
    some = alice.post("/files/upload", files=both, params={"on_duplicate": "skip"})

    assert (first["duplicate_of"], second["duplicate_of"]) == (None, first["id"])
    assert (skipped.status_code, skipped.json()["id"], skipped.json()["duplicate_of"]) == (200, first["id"], first["id"])
    assert (some.status_code, [each["filename"] for each in some.json()]) == (201, ["first.wav", "new.wav"])
    assert [each["filename"] for each in alice.get("/files").json()] == ["new.wav", "second.wav", "first.wav"]
    [found] = alice.get("/files/duplicates").json()
    assert (found["id"], found["duplicate_of"]) == (second["id"], first["id"])
    assert send(bob, sound).json()["duplicate_of"] is None  # whoever else has it is nobody's business
    assert bob.get("/files/duplicates").json() == []


def test_one_file_a_request_is_answered_with_one_file(alice: Person) -> None:
    key = {"Idempotency-Key": "walk"}
    answer = send(alice, make.wav(), headers=key)

    assert answer.status_code == 201
    assert set(answer.json()) == set(UploadedOut.model_fields)
    again = send(alice, make.wav(), headers=key)
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (answer.json()["id"], "true")
    two = alice.post("/files/upload/audio", files=[("file", ("a.wav", make.wav())), ("file", ("b.wav", make.wav(2)))])
    assert (two.status_code, two.json()["code"]) == (413, "too_many_parts")
    assert len(alice.get("/files").json()) == 1


def test_the_room_that_is_left_is_told_in_bytes_and_in_words(stack: Stack, alice: Person) -> None:
    assert alice.get("/files/storage/info").json()["used_formatted"] == "0 B"
    with stack.engine("media-worker").begin() as db:
        taken = 1024**3 - 1000
        db.exec_driver_sql("INSERT INTO storage_use VALUES (%s, %s)", (alice.id, taken))

    found = alice.get("/files/storage/info").json()

    assert StorageOut.model_validate(found)
    assert (found["quota"], found["used"], found["available"]) == (1024**3, taken, 1000)
    assert (found["quota_formatted"], found["available_formatted"], found["usage_percentage"]) == ("1.0 GB", "1000 B", 100.0)
    refused = send(alice, make.wav())
    assert (refused.status_code, refused.json()["detail"]) == (413, "Your storage is full. Delete something first.")


def test_a_key_belongs_to_what_was_to_become_of_duplicates_too(alice: Person) -> None:
    key = {"Idempotency-Key": "once"}
    kept = make.upload(alice, headers=key)
    again = make.upload(alice, headers=key)
    other = alice.post(
        "/files/upload?on_duplicate=skip", files={"file": ("minuet.flac", make.MINUET.read_bytes())}, headers=key
    )

    assert (kept.status_code, again.json()[0]["id"]) == (201, kept.json()[0]["id"])
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
