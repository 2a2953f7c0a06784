"""`make fsck`: rows and objects compared both ways, what disagrees named, and put right."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.media import fsck
from services.media.models.files import AudioFile, StorageUse
from services.media.proving import findings, repairs
from services.media.proving.findings import Finding
from services.media.tasks import Work
from shared import clock, ids
from shared import db as database
from tests import errands
from tests.media import make
from tests.media.test_pictures import picture, send
from tests.people import Person
from tests.stack import Stack

BUCKET = "tutti"


def key(person: Person, file_id: Any) -> str:
    return f"storage/audio/{person.id}/{file_id}.wav"


def put(work: Work, name: str, data: bytes) -> None:
    work.store.put(BUCKET, name, BytesIO(data), size_bytes=len(data), mime_type="audio/wav")


def said(work: Work, capsys: pytest.CaptureFixture[str], *, repairing: bool = False, about: Any) -> list[str]:
    """What a look says of some people's files: the stack is other tests' too."""
    capsys.readouterr()
    fsck.check(work, repairing=repairing, reads_all=True, on_its_way=timedelta(0))
    return [line for line in capsys.readouterr().out.splitlines() if any(str(each) in line for each in about)]


def test_what_was_planted_is_found_and_nothing_else_and_put_right(
    alice: Person, work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = [make.uploaded(alice, make.wav(0.2, pitch_hz=300 + n), f"{n}.wav") for n in range(5)]
    damaged, sound = make.uploaded(alice, make.wav(0.2, pitch_hz=900)), make.uploaded(alice)
    assert said(work, capsys, about=[alice.id]) == []
    assert alice.id
    for file in lost:
        work.store.delete(BUCKET, key(alice, file["id"]))
    flipped = bytearray(work.store.read_all(BUCKET, key(alice, damaged["id"]), at_most=100_000))
    flipped[1_000] ^= 1
    put(work, key(alice, damaged["id"]), bytes(flipped))
    planted = [key(alice, ids.new()) for _ in range(5)]
    for each in planted:
        put(work, each, b"nobody's")

    found = said(work, capsys, about=[alice.id])
    repaired = said(work, capsys, repairing=True, about=[alice.id])

    assert len(found) == 11
    assert sorted(line.split(":")[0] for line in found) == ["damaged"] + ["missing"] * 5 + ["unclaimed"] * 5
    assert len(repaired) == 11
    assert said(work, capsys, about=[alice.id]) == []
    assert not {each.key for each in work.store.listed(BUCKET, f"storage/audio/{alice.id}/")} & set(planted)
    shown = {file["id"]: file for file in alice.get("/files").json()}
    assert {shown[file["id"]]["status"] for file in [*lost, damaged]} == {"rejected"}
    assert "lost" in shown[lost[0]["id"]]["error"]
    assert shown[sound["id"]]["status"] == "ready"
    with database.transaction(work.engine) as db:
        used = db.scalar(select(StorageUse.used_bytes).where(StorageUse.user_id == alice.id))
    assert used == sound["file_size"]


def test_a_lost_cover_is_forgotten_and_a_wrong_count_counted_anew(
    alice: Person, work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make.uploaded(alice)
    for each in list(work.store.listed(BUCKET, f"storage/cover/{alice.id}/")):
        work.store.delete(BUCKET, each.key)
    with database.transaction(work.engine) as db:
        db.execute(update(StorageUse).where(StorageUse.user_id == alice.id).values(used_bytes=1))

    found = said(work, capsys, repairing=True, about=[alice.id, file["id"]])

    assert {line.split(":")[0] for line in found} == {"missing", "miscounted"}
    assert alice.get(f"/files/{file['id']}").json()["cover_url"] is None
    with database.transaction(work.engine) as db:
        assert db.scalar(select(AudioFile.cover_key).where(AudioFile.id == UUID(file["id"]))) is None
        assert db.scalar(select(StorageUse.used_bytes).where(StorageUse.user_id == alice.id)) == file["file_size"]
    assert said(work, capsys, about=[alice.id]) == []


def found_of(work: Work, person: Person) -> list[Finding]:
    looked = findings.look(work.engine, work.store, work.settings, stored_before=clock.now(), reads_all=False)
    return [each for each in looked if each.user_id == person.id]


def rows(work: Work, statement: str, *facts: Any) -> list[Any]:
    with work.engine.begin() as db:
        return [tuple(row) for row in db.exec_driver_sql(statement, facts)]


def test_a_file_that_its_owner_deleted_meanwhile_stays_deleted(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice, make.wav(0.2))
    work.store.delete(BUCKET, key(alice, file["id"]))
    [found] = found_of(work, alice)

    with work.engine.begin() as db:  # as if just now: its row is still there
        db.exec_driver_sql("UPDATE audio_files SET state = 'deleting' WHERE id = %s", (file["id"],))
        db.exec_driver_sql("UPDATE storage_use SET used_bytes = 0 WHERE user_id = %s", (alice.id,))

    assert repairs.repair(work, found) == repairs.CHANGED
    assert rows(work, "SELECT state FROM audio_files WHERE id = %s", file["id"]) == [("deleting",)]
    assert alice.get("/files").json() == []


def test_what_came_back_is_left_as_it_is(alice: Person, work: Work) -> None:
    file = make.uploaded(alice, make.wav(0.2))
    bytes_of = work.store.read_all(BUCKET, key(alice, file["id"]), at_most=100_000)
    work.store.delete(BUCKET, key(alice, file["id"]))
    [found] = found_of(work, alice)
    put(work, key(alice, file["id"]), bytes_of)

    assert repairs.repair(work, found) == repairs.CHANGED
    assert alice.get(f"/files/{file['id']}").json()["status"] == "ready"


def test_a_lost_file_leaves_its_album_and_playlists_and_its_room_is_given_back_once(
    stack: Stack, alice: Person, work: Work
) -> None:
    file, other = make.uploaded(alice), make.uploaded(alice, make.wav(0.2))
    playlist = alice.post("/playlists", {"name": "Mine", "tracks": [file["id"], other["id"]]}).json()
    audio = next(each for each in work.store.listed(BUCKET, f"storage/audio/{alice.id}/{file['id']}"))
    work.store.delete(BUCKET, audio.key)

    for each in found_of(work, alice):
        repairs.repair(work, each)

    assert [each["track_count"] for each in alice.get("/playlists").json() if each["id"] == playlist["id"]] == [1]
    assert rows(work, "SELECT album_id FROM audio_files WHERE id = %s", file["id"]) == [(None,)]
    make.until(lambda: make.objects(stack, alice), lambda left: [each.name for each in left] == [f"{other['id']}.wav"])
    assert alice.delete(f"/files/{file['id']}").status_code == 204
    used = "SELECT used_bytes FROM storage_use WHERE user_id = %s"
    assert rows(work, used, alice.id) == [(other["file_size"],)]


def test_a_lost_picture_gives_its_room_back(stack: Stack, alice: Person, work: Work) -> None:
    lost = send(alice, picture()).json()
    work.store.delete(BUCKET, f"storage/image/{alice.id}/{lost['id']}.jpg")

    for each in found_of(work, alice):
        repairs.repair(work, each)

    assert rows(work, "SELECT used_bytes FROM storage_use WHERE user_id = %s", alice.id) == [(0,)]
    make.until(lambda: make.objects(stack, alice), lambda left: not left)


def test_a_recording_that_needs_no_twin_has_not_lost_one(alice: Person, work: Work) -> None:
    make.uploaded(alice, make.encoded("webm", "libopus"), "seeks.webm")

    assert found_of(work, alice) == []


def test_what_is_on_its_way_is_left_alone(alice: Person, work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    make.uploaded(alice, make.wav(0.2))
    young = key(alice, ids.new())
    put(work, young, b"waits for its row")

    assert fsck.check(work, repairing=True, reads_all=False) == 0
    assert [each.key for each in work.store.listed(BUCKET, young)] == [young]
    work.store.delete(BUCKET, young)


def test_words_that_are_none_of_its_own_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert fsck.main(["repiar"]) == 1
    assert "repiar" in capsys.readouterr().err


def test_whoever_runs_the_machine_can_ask_a_running_tutti(stack: Stack) -> None:
    done = errands.run(stack, "services.media.fsck", "quick")

    assert ("agree" in done.stdout) or ("left so" in done.stdout), done.stderr


def test_a_lost_chunk_of_a_running_recording_is_found_and_forgotten(
    stack: Stack, alice: Person, work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = ids.new()
    with make.as_service(stack, alice) as sessions:
        for number in range(2):
            sessions.put(f"/internal/recordings/{session_id}/chunks/{number}", content=b"sound" * (number + 1))
    assert said(work, capsys, about=[alice.id]) == []

    lost = next(each for each in make.objects(stack, alice) if each.name.startswith("1-"))
    work.store.delete(BUCKET, f"uploads/{alice.id}/{session_id}/{lost.name}")

    assert [line.partition(":")[0] for line in said(work, capsys, repairing=True, about=[alice.id])] == ["missing"]
    assert said(work, capsys, about=[alice.id]) == []
    assert len(make.objects(stack, alice)) == 1
