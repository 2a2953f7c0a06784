"""`make fsck`: rows and objects compared both ways, what disagrees named, and put right."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.media import fsck
from services.media.models.files import AudioFile, StorageUse
from services.media.store import Store
from services.media.tasks import Work
from shared import db as database
from shared import ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack

BUCKET = "tutti"


@pytest.fixture
def work(stack: Stack, tmp_path: Path) -> Any:
    """A worker's world, at the stack's own database and object store."""
    settings = make.settings(stack, tmp_path)
    made = Work.of(settings, store=Store(settings), spool=tmp_path, cache=tmp_path / "cache")
    yield replace(made, engine=stack.engine("media-worker"))


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
