"""Files in other formats: as they are where that fits, encoded while they are sent, with exact ranges once they are kept."""

import wave
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import av
import psutil
import pytest

from services.media import tasks
from services.media.library import renditions
from shared import db as database
from tests import people
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack

MINUET_SECONDS = 20.76


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Iterator[Person]:
    person = people.sign_up(stack.url, "alice")
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def file(alice: Person) -> dict[str, Any]:
    return make.uploaded(alice)


def sound(data: bytes) -> tuple[str, float]:
    """Codec and seconds, as a player finds them."""
    with av.open(BytesIO(data)) as opened:
        samples = sum(frame.samples / frame.sample_rate for frame in opened.decode(audio=0))
        return opened.streams.audio[0].codec_context.name, samples


def test_what_fits_is_sent_as_it_is_with_ranges(alice: Person, file: dict[str, Any]) -> None:
    for asked in ("", "?format=raw&maxBitRate=32", "?maxBitRate=5000", "?timeOffset=0"):
        answer = alice.get(f"/files/{file['id']}/stream{asked}", headers={"Range": "bytes=7-11"})

        assert (answer.status_code, answer.content) == (206, MINUET.read_bytes()[7:12])


def test_another_format_comes_while_it_is_encoded_and_with_exact_ranges_once_it_is_kept(
    stack: Stack, alice: Person, bob: Person, file: dict[str, Any]
) -> None:
    path = f"/files/{file['id']}/stream?format=opus&maxBitRate=70"
    assert bob.get(path).status_code == 404

    first = alice.get(path, headers={"Range": "bytes=5-9"})

    assert (first.status_code, first.headers["content-type"], first.headers["accept-ranges"]) == (200, "audio/ogg", "none")
    codec, seconds = sound(first.content)
    assert (codec in {"opus", "libopus"}, abs(seconds - MINUET_SECONDS) < 0.5) == (True, True)
    assert len(first.content) < 21 * 100_000 / 8  # 64 kbit/s on the mean of all music, more for organ pipes

    head = make.until(lambda: alice.http.head(path), lambda answer: answer.headers["accept-ranges"] == "bytes")
    whole, part = alice.get(path).content, alice.get(path, headers={"Range": "bytes=5-90"})
    assert int(head.headers["content-length"]) == len(whole)
    assert abs(sound(whole)[1] - MINUET_SECONDS) < 0.5
    assert (part.status_code, part.content) == (206, whole[5:91])
    assert 'filename="minuet.opus"' in part.headers["content-disposition"]
    kept = [each for each in make.objects(stack, alice) if "rendition" in str(each)]
    assert [each.name for each in kept] == ["opus-64.opus"]
    assert bob.get(path).status_code == 404


def test_a_seek_by_time_begins_there(alice: Person, nobody: Person, file: dict[str, Any]) -> None:
    address = make.local(nobody, file["stream_url"])
    for asked, codec in (("format=mp3&timeOffset=15", "mp3"), ("format=aac&timeOffset=15.5", "aac"), ("timeOffset=16", "mp3")):
        answer = nobody.get(f"{address}?{asked}")

        found, seconds = sound(answer.content)
        assert found.startswith(codec)
        assert abs(seconds - (MINUET_SECONDS - float(asked.rpartition("=")[2]))) < 0.5
    assert nobody.get(f"{address}?timeOffset=500").status_code == 503


def test_what_is_no_format_is_refused(alice: Person, file: dict[str, Any]) -> None:
    for asked in ("format=exe", "maxBitRate=-1", "maxBitRate=99999", "timeOffset=-1", "timeOffset=nan", "timeOffset=1e9"):
        assert alice.get(f"/files/{file['id']}/stream?{asked}").status_code == 422, asked


def encoders(stack: Stack) -> list[int]:
    """The children that encode for media's web process."""
    found = []
    for each in psutil.Process(stack.processes()["media"]["pid"]).children(recursive=True):
        with suppress(psutil.Error):  # one that ends just now
            if all("nursery" in " ".join(one.cmdline()) for one in (each, each.parent())):
                found.append(each.pid)
    return found


def ten_minutes() -> bytes:
    """A WAV of 9.6 MB whose MP3 takes seconds to encode and is larger than what lies between a player and us."""
    second, made = make.wav()[44:], BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(second * 600)
    return made.getvalue()


def test_a_player_that_leaves_ends_its_encoder_and_one_person_has_a_few(stack: Stack, alice: Person) -> None:
    [file] = make.upload(alice, ten_minutes(), "long.wav").json()
    make.ready(alice, file["id"])
    path = f"/files/{file['id']}/stream?format=mp3&maxBitRate=320&timeOffset=1"

    held = []
    for _ in range(4):
        talking = alice.http.stream("GET", path)
        talking.__enter__()
        held.append(talking)
    refused = alice.get(path)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_encodings")
    assert int(refused.headers["retry-after"]) > 0
    assert len(encoders(stack)) == 4
    for each in held:
        each.__exit__(None, None, None)
    make.until(lambda: encoders(stack), lambda found: not found, seconds=5)
    make.until(lambda: [each for each in make.spool(stack) if each.endswith("-source")], lambda left: not left)


def test_deleted_means_that_its_renditions_are_too(stack: Stack) -> None:
    alice = people.sign_up(stack.url, "alice")
    file = make.uploaded(alice, make.wav(2.0))
    path = f"/files/{file['id']}/stream?format=aac&maxBitRate=64"
    alice.get(path)
    make.until(lambda: alice.http.head(path).headers["accept-ranges"], lambda said: said == "bytes")

    alice.delete(f"/files/{file['id']}")

    assert alice.get(path).status_code == 404
    make.until(lambda: make.objects(stack, alice), lambda found: not found)
    alice.http.close()


def test_a_rendition_of_a_file_that_was_deleted_meanwhile_leaves_nothing(stack: Stack, alice: Person, work: Any) -> None:
    file = make.uploaded(alice, make.wav(0.5))
    alice.delete(f"/files/{file['id']}")

    names: dict[str, Any] = {"file_id": file["id"], "user_id": str(alice.id), "format": "mp3", "bit_rate_kbps": 64}
    tasks.rendering.keep_rendition.run(work, **names)

    assert [each for each in make.objects(stack, alice) if file["id"] in str(each)] == []


def test_the_least_recently_used_makes_room(stack: Stack, alice: Person, work: Any) -> None:
    file = make.uploaded(alice, make.wav(1.0))
    names: dict[str, Any] = {"file_id": file["id"], "user_id": str(alice.id), "format": "mp3"}
    for kbps in (64, 96, 128):
        tasks.rendering.keep_rendition.run(work, bit_rate_kbps=kbps, **names)
    with work.engine.begin() as db:
        older = "UPDATE renditions SET used_at = used_at - make_interval(hours => 200 - bit_rate_kbps) WHERE file_id = %s"
        db.exec_driver_sql(older, (file["id"],))
        everybodys = db.exec_driver_sql("SELECT sum(size_bytes) FROM renditions").scalar()

    with database.transaction(work.engine) as db:
        gone = renditions.make_room(db, at_most_bytes=int(everybodys) - 1)

    assert [key.rpartition("/")[2] for _, key in gone] == ["mp3-64.mp3"]
