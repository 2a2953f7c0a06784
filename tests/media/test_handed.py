"""What other services made and hand over: songs and episodes."""

import base64
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared import ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def data_url(data: bytes, kind: str = "audio/webm;codecs=opus") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def test_a_song_that_was_made_for_alice_is_hers_however_often_it_is_handed_over(
    stack: Stack, alice: Person, bob: Person
) -> None:
    facts = {"kind": "song", "source_id": str(ids.new()), "filename": "walk.flac", "title": "Walk", "artist": "Alice"}
    with make.as_service(stack, alice) as studio:
        first, again = (studio.put("/internal/files", params=facts, content=make.MINUET.read_bytes()) for _ in range(2))
        other = studio.put("/internal/files", params=facts, content=make.wav())

    assert (first.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (409, "another_file")
    file = make.ready(alice, first.json()["id"])
    assert (file["kind"], file["title"], file["artist"], file["filename"]) == ("song", "Walk", "Alice", "walk.flac")
    assert alice.get(f"/files/{file['id']}/stream").content == make.MINUET.read_bytes()
    assert [each["id"] for each in alice.get("/files").json()] == [file["id"]]
    assert bob.get(f"/files/{file['id']}").status_code == 404


def test_an_episode_comes_as_a_data_url_and_is_no_part_of_the_library(stack: Stack, alice: Person) -> None:
    sound = make.encoded("webm", "libopus")
    facts = {"kind": "episode", "source_id": str(ids.new()), "filename": "first.webm"}

    with make.as_service(stack, alice) as studio:
        kept = studio.post("/internal/files", json=facts | {"audio": data_url(sound)})

    assert kept.status_code == 200, kept.text
    assert make.ready(alice, kept.json()["id"])["mime_type"] == "audio/webm"
    assert alice.get("/files").json() == []
    assert [each["id"] for each in alice.get("/files", params={"kind": "episode"}).json()] == [kept.json()["id"]]


def test_what_is_no_data_url_of_audio_is_refused_and_nothing_is_kept(stack: Stack, alice: Person) -> None:
    sound = make.wav(0.1)
    urls = "data:audio/webm;base64," + base64.urlsafe_b64encode(b"\xfb\xff" * 300).decode()
    bad: list[tuple[Any, int]] = [
        (data_url(sound, "image/png"), 422),  # a picture, it says
        (data_url(b"\x89PNG" + bytes(100)), 415),  # a picture, it is
        (data_url(b""), 422),  # nothing
        (data_url(sound).replace(";base64,", ","), 422),
        (data_url(sound)[:-3], 422),  # cut off
        (data_url(sound) + "====", 422),
        (urls, 422),  # the other alphabet
        (data_url(sound).replace("base64,", "base64, "), 422),
        (data_url(sound, 'audio/webm;codecs="<script>"'), 422),
        ("AAEC", 422),
        (None, 422),
        (data_url(bytes(16 * 1024 * 1024 + 1)), 413),
    ]
    with make.as_service(stack, alice) as studio:
        for audio, status in bad:
            facts = {"kind": "song", "source_id": str(ids.new()), "filename": "a", "audio": audio}
            answer = studio.post("/internal/files", json=facts)
            assert answer.status_code == status, (str(audio)[:60], answer.text[:300])
        recording = {"kind": "recording", "source_id": str(ids.new()), "filename": "a", "audio": data_url(sound)}
        assert studio.post("/internal/files", json=recording).status_code == 422  # has an address of its own

    assert alice.get("/files", params={"kind": "song"}).json() == []
    assert make.objects(stack, alice) == []


def test_what_its_maker_does_not_say_of_a_song_its_tags_say(stack: Stack, alice: Person) -> None:
    facts = {"kind": "song", "source_id": str(ids.new()), "filename": "walk.flac", "artist": "Alice"}
    tagged = make.uploaded(alice)
    with make.as_service(stack, alice) as studio:
        kept = studio.put("/internal/files", params=facts, content=make.MINUET.read_bytes())

    file = make.ready(alice, kept.json()["id"])
    assert (file["title"], file["artist"], file["album"]) == (tagged["title"], "Alice", tagged["album"])
    assert tagged["title"]


def test_what_was_rejected_may_be_made_anew_and_what_comes_twice_at_once_is_one(stack: Stack, alice: Person) -> None:
    facts = {"kind": "episode", "source_id": str(ids.new()), "filename": "first.wav"}
    with make.as_service(stack, alice) as podcasts:
        first = podcasts.put("/internal/files", params=facts, content=make.wav(0.5)).json()
        make.ready(alice, first["id"])
        with stack.engine("media-worker").begin() as db:
            db.exec_driver_sql("UPDATE audio_files SET state = 'rejected', object_key = NULL WHERE id = %s", (first["id"],))
        put = functools.partial(podcasts.put, "/internal/files", params=facts, content=make.wav(2))
        with ThreadPoolExecutor(4) as at_once:
            answers = [each.result() for each in [at_once.submit(put) for _ in range(4)]]

    assert {each.status_code for each in answers} == {200}
    [again] = {each.json()["id"] for each in answers}
    make.ready(alice, again)
    assert [each["id"] for each in alice.get("/files", params={"kind": "episode"}).json()] == [again]


def test_a_stranger_cannot_delete_what_was_made_and_its_maker_may_twice(stack: Stack, alice: Person, bob: Person) -> None:
    facts = {"kind": "song", "source_id": str(ids.new())}
    with make.as_service(stack, alice) as studio, make.as_service(stack, bob) as for_bob:
        kept = studio.put("/internal/files", params=facts | {"filename": "a.wav"}, content=make.wav()).json()
        make.ready(alice, kept["id"])
        assert for_bob.delete("/internal/files", params=facts).status_code == 204
        assert alice.get(f"/files/{kept['id']}").status_code == 200
        assert [studio.delete("/internal/files", params=facts).status_code for _ in range(2)] == [204, 204]

    assert alice.get(f"/files/{kept['id']}").status_code == 404
    make.until(lambda: make.objects(stack, alice), lambda found: not found)
