"""Recordings of practice sessions, as `sessions` hands them over."""

from io import BytesIO
from pathlib import Path

import pytest

from shared import ids
from shared.calls import Peer, PeerRefused, PeerUnavailable
from shared.config import _keys
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def test_a_recording_is_kept_at_the_path_of_seed_001(stack: Stack, alice: Person, nobody: Person) -> None:
    session_id, sound = ids.new(), make.encoded("webm", "libopus", seconds=2)
    with make.as_service(stack, alice) as sessions:
        answer = sessions.put(f"/internal/recordings/{session_id}", content=sound, headers={"Content-Type": "audio/webm"})
        kept = answer.json()
        addresses = sessions.post("/internal/playable", json={"file_ids": [kept["id"]]}).json()

    assert answer.status_code == 200, answer.text
    assert (kept["duration"], kept["size_bytes"], kept["mime_type"]) == (2, len(sound), "audio/webm")
    place = stack.home / "store" / "harmony-helper-recordings" / str(alice.id) / f"{session_id}.webm"
    assert place.read_bytes() == sound
    assert nobody.get(make.local(nobody, addresses[kept["id"]])).content == sound
    assert alice.get("/files").json() == []
    assert [file["id"] for file in alice.get("/files?kind=recording").json()] == [kept["id"]]


def test_the_same_recording_again_changes_nothing_and_another_is_refused(stack: Stack, alice: Person) -> None:
    path, first, second = f"/internal/recordings/{ids.new()}", make.wav(1), make.wav(2)
    with make.as_service(stack, alice) as sessions:
        one, again, other = (sessions.put(path, content=sound) for sound in (first, first, second))

    assert one.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "another_recording")
    assert alice.get(f"/files/{one.json()['id']}/stream").content == first
    assert len(alice.get("/files?kind=recording").json()) == 1


def test_a_recording_that_was_not_stored_whole_is_taken_up_by_the_same_bytes(stack: Stack, alice: Person) -> None:
    path, sound, worker = f"/internal/recordings/{ids.new()}", make.wav(1), stack.engine("media-worker")
    with make.as_service(stack, alice) as sessions:
        one = sessions.put(path, content=sound).json()
        with worker.begin() as db:
            db.exec_driver_sql("UPDATE audio_files SET state = 'uploading' WHERE id = %s", (one["id"],))
        again = sessions.put(path, content=sound).json()

    assert one == again
    with worker.begin() as db:
        used = db.exec_driver_sql("SELECT used_bytes FROM storage_use WHERE user_id = %s", (alice.id,)).scalar()
    assert used == len(sound)
    worker.dispose()


def test_what_is_not_audio_is_no_recording(stack: Stack, alice: Person) -> None:
    with make.as_service(stack, alice) as sessions:
        words = sessions.put(f"/internal/recordings/{ids.new()}", content=b"words")
        nothing = sessions.put(f"/internal/recordings/{ids.new()}", content=b"")

    assert (words.status_code, nothing.status_code) == (415, 422)
    assert make.objects(stack, alice) == []


def test_a_recording_goes_with_its_session_and_only_so(stack: Stack, alice: Person) -> None:
    path = f"/internal/recordings/{ids.new()}"
    with make.as_service(stack, alice) as sessions:
        kept = sessions.put(path, content=make.wav(1)).json()
        refused = alice.delete(f"/files/{kept['id']}")
        gone = [sessions.delete(path).status_code for _ in range(2)]

    assert (refused.status_code, refused.json()["code"]) == (409, "owned_by_session")
    assert gone == [204, 204]
    assert alice.get(f"/files/{kept['id']}").status_code == 404
    make.until(lambda: make.objects(stack, alice), lambda found: not found)


def test_the_event_that_a_session_was_deleted_deletes_its_recording(stack: Stack, alice: Person) -> None:
    session_id = ids.new()
    event = {"event_id": str(ids.new()), "kind": "session.deleted"}
    event["facts"] = {"session_id": str(session_id), "user_id": str(alice.id)}
    with make.as_service(stack, alice) as sessions:
        kept = sessions.put(f"/internal/recordings/{session_id}", content=make.wav(1)).json()
        alice.get(f"/files/{kept['id']}/stream")
        make.until(lambda: make.cached(stack, kept["id"]), lambda copies: copies != [])
        for _ in range(2):
            assert sessions.post("/internal/events", json=event).status_code == 202

    make.until(lambda: alice.get(f"/files/{kept['id']}").status_code, lambda status: status == 404)
    make.until(lambda: make.objects(stack, alice), lambda found: not found)
    make.until(lambda: make.cached(stack, kept["id"]), lambda copies: copies == [])


def test_a_stranger_cannot_touch_a_recording(stack: Stack, alice: Person, bob: Person) -> None:
    path = f"/internal/recordings/{ids.new()}"
    with make.as_service(stack, alice) as sessions, make.as_service(stack, bob) as for_bob:
        kept = sessions.put(path, content=make.wav(1)).json()
        for_bob.delete(path)

    assert bob.get(f"/files/{kept['id']}/stream").status_code == 404
    assert alice.get(f"/files/{kept['id']}/stream").status_code == 200


def test_the_inside_is_closed_to_people(alice: Person, stack: Stack) -> None:
    assert alice.post("/internal/playable", {"file_ids": []}).status_code == 404
    with make.as_service(stack, alice) as media:
        media.headers["Authorization"] = f"Bearer {alice.token}"
        assert media.post("/internal/playable", json={"file_ids": []}).status_code == 401


def test_an_analysis_reads_the_bytes_of_a_recording_as_they_were_played_in(
    stack: Stack, alice: Person, bob: Person, tmp_path: Path
) -> None:
    sound = make.recorded(seconds=1)
    with make.as_service(stack, alice) as sessions:
        file_id = sessions.put(f"/internal/recordings/{ids.new()}", content=sound).json()["id"]
    key = _keys(stack.secret("sessions", "internal_keys"))["media"]
    media = Peer("sessions", "media", url=stack.service_url("media"), key=key)

    with (tmp_path / "sound").open("wb") as file:
        media.fetch(f"/recordings/{file_id}/bytes", file, at_most=len(sound), user_id=alice.id)
        with pytest.raises(PeerUnavailable):
            media.fetch(f"/recordings/{file_id}/bytes", BytesIO(), at_most=len(sound) - 1, user_id=alice.id)
        with pytest.raises(PeerRefused) as refused:
            media.fetch(f"/recordings/{file_id}/bytes", BytesIO(), at_most=len(sound), user_id=bob.id)

    assert (tmp_path / "sound").read_bytes() == sound
    assert refused.value.status == 404
    media.close()
