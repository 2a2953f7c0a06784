"""Uploading: what is kept, and how it is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.media.schemas.files import FileOut, UploadedOut
from tests import people
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack


def test_alice_uploads_a_file_and_soon_sees_its_tags(alice: Person) -> None:
    answer = make.upload(alice)

    assert answer.status_code == 201
    [file] = answer.json()
    assert (file["filename"], file["mime_type"], file["duration"]) == ("minuet.flac", "audio/flac", 21)
    assert (file["status"], file["kind"], file["file_size"]) == ("processing", "upload", MINUET.stat().st_size)
    file = make.ready(alice, file["id"])
    assert (file["title"], file["artist"], file["album"]) == ("Minuet in G", "The Tutti Ensemble", "First Rehearsal")
    assert file["cover_url"]


def test_the_answer_is_what_the_documentation_says(alice: Person) -> None:
    [file] = make.upload(alice, make.wav()).json()

    assert set(file) == set(UploadedOut.model_fields)
    assert UploadedOut.model_validate(file)
    assert set(alice.get("/files").json()[0]) == set(FileOut.model_fields)


def test_a_file_without_tags_is_called_by_its_name(alice: Person) -> None:
    file = make.uploaded(alice, make.wav(), "Morning scales.wav")

    assert (file["title"], file["artist"], file["cover_url"]) == ("Morning scales", None, None)


@pytest.mark.parametrize(
    ("container", "codec", "name", "mime_type"),
    [
        ("mp3", "mp3", "a.mp3", "audio/mpeg"),
        ("flac", "flac", "a.flac", "audio/flac"),
        ("aiff", "pcm_s16be", "a.aiff", "audio/aiff"),
        ("mp4", "aac", "a.m4a", "audio/mp4"),
        ("adts", "aac", "a.aac", "audio/aac"),
        ("ogg", "libopus", "a.opus", "audio/ogg"),
        ("webm", "libopus", "a.webm", "audio/webm"),  # what a browser records
    ],
)
def test_every_kind_of_audio_is_taken_whatever_its_name(
    alice: Person, container: str, codec: str, name: str, mime_type: str
) -> None:
    answer = make.upload(alice, make.encoded(container, codec), "song.bin")

    assert answer.status_code == 201, answer.text
    assert (answer.json()[0]["mime_type"], answer.json()[0]["duration"]) == (mime_type, 1)


def test_several_files_of_one_request_are_all_kept(alice: Person) -> None:
    answer = alice.post("/files/upload", files=[("file", (f"{n}.wav", make.wav(pitch_hz=200 + n))) for n in range(3)])

    assert [file["filename"] for file in answer.json()] == ["0.wav", "1.wav", "2.wav"]
    assert len(alice.get("/files").json()) == 3


def test_if_one_of_several_files_is_refused_none_is_kept(stack: Stack, alice: Person) -> None:
    answer = alice.post("/files/upload", files=[("file", ("good.wav", make.wav())), ("file", ("bad.mp3", b"words"))])

    assert (answer.status_code, answer.json()["filename"]) == (415, "bad.mp3")
    assert alice.get("/files").json() == []
    assert make.objects(stack, alice) == []


def test_a_repeated_request_with_the_same_key_is_done_once(alice: Person) -> None:
    key = {"Idempotency-Key": "morning"}
    first, second = make.upload(alice, headers=key), make.upload(alice, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert [file | {"stream_url": ""} for file in first.json()] == [file | {"stream_url": ""} for file in second.json()]
    assert second.headers["idempotent-replayed"] == "true"
    assert len(alice.get("/files").json()) == 1


def test_a_repetition_is_answered_with_addresses_that_play_and_none_is_stored(stack: Stack, alice: Person) -> None:
    key = {"Idempotency-Key": "morning"}
    make.upload(alice, headers=key)
    assert alice.post("/api/auth/logout", {"refresh_token": alice.refresh_token}).status_code == 204
    people.sign_in(alice)

    [again] = make.upload(alice, headers=key).json()

    assert UploadedOut.model_validate(again)
    make.ready(alice, again["id"])
    assert alice.get(make.local(alice, again["stream_url"])).content == MINUET.read_bytes()
    with stack.engine("media-worker").begin() as db:
        [(kept,)] = db.exec_driver_sql("SELECT body FROM idempotency_keys WHERE user_id = %s", (alice.id,)).all()
    assert b"http" not in kept
    assert b"/play/" not in kept


def test_the_same_key_with_another_file_is_refused(alice: Person) -> None:
    key = {"Idempotency-Key": "morning"}
    make.upload(alice, headers=key)

    answer = make.upload(alice, make.wav(), headers=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


def test_a_refused_upload_gives_its_key_back(alice: Person) -> None:
    key = {"Idempotency-Key": "morning"}
    assert make.upload(alice, b"words", headers=key).status_code == 415

    assert make.upload(alice, headers=key).status_code == 201


def test_twenty_uploads_at_once_do_not_pass_the_quota_together(stack: Stack, alice: Person) -> None:
    sound = make.big_wav(9 * 1024 * 1024)
    with stack.engine("media-worker").begin() as db:  # all but 30 MiB of her gibibyte are taken
        db.exec_driver_sql(
            "INSERT INTO storage_use (user_id, used_bytes) VALUES (%s, %s)", (alice.id, 1024**3 - 30 * 1024 * 1024)
        )
    together = threading.Barrier(20)

    def send(number: int) -> int:
        together.wait()
        return make.upload(alice, sound, f"{number}.wav").status_code

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))

    assert sorted(answers) == [201] * 3 + [413] * 17
    assert len(alice.get("/files").json()) == 3


def test_deleting_gives_the_room_back(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice)
    alice.delete(f"/files/{file['id']}")

    with stack.engine("media-worker").begin() as db:
        used = db.exec_driver_sql("SELECT used_bytes FROM storage_use WHERE user_id = %s", (alice.id,)).scalar()
    assert used == 0
