"""The background work of media: what is swept, what is taken up again, and what a hostile tag costs."""

import os
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.media import tasks
from services.media.library import files, locking
from services.media.playing.cache import Cache
from services.media.store import Store
from services.media.tasks import Work
from shared import clock, ids
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def died_on_the_way(work: Work, user_id: UUID | None, *, minutes_ago: int) -> None:
    """An upload whose process was killed so long ago, before its first byte was stored."""
    then = clock.now() - timedelta(minutes=minutes_ago)
    with work.engine.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO audio_files (id, user_id, filename, file_size, kind, state, created_at, updated_at)"
            " VALUES (%s, %s, '', 1000, 'upload', 'uploading', %s, %s)",
            (ids.new(), user_id, then, then),
        )
        db.exec_driver_sql("INSERT INTO storage_use VALUES (%s, 1000)", (user_id,))


def rows_of(work: Work, user_id: UUID | None) -> list[str]:
    with work.engine.begin() as db:
        found = db.exec_driver_sql("SELECT state FROM audio_files WHERE user_id = %s", (user_id,))
        return [state for (state,) in found]


def used_by(work: Work, user_id: UUID | None) -> int:
    with work.engine.begin() as db:
        return db.exec_driver_sql("SELECT used_bytes FROM storage_use WHERE user_id = %s", (user_id,)).scalar()


def test_an_upload_that_died_is_swept_with_its_object(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    with work.engine.begin() as db:
        db.exec_driver_sql(
            "UPDATE audio_files SET state = 'uploading', updated_at = now() - interval '21 minutes' WHERE id = %s",
            (file["id"],),
        )

    tasks.sweeping.sweep.run(work)

    make.until(lambda: rows_of(work, alice.id), lambda rows: rows == [])
    assert make.objects(stack, alice) == []
    assert used_by(work, alice.id) == 0


def test_an_upload_that_died_before_its_bytes_came_is_forgotten(alice: Person, work: Work) -> None:
    died_on_the_way(work, alice.id, minutes_ago=21)

    tasks.sweeping.sweep.run(work)

    assert (rows_of(work, alice.id), used_by(work, alice.id)) == ([], 0)


def test_who_is_just_busy_keeps_nobody_else_waiting_for_the_sweep(stack: Stack, alice: Person, bob: Person, work: Work) -> None:
    busy = stack.engine("media-worker")
    died_on_the_way(work, alice.id, minutes_ago=22)
    died_on_the_way(work, bob.id, minutes_ago=21)
    sweeping = threading.Thread(target=tasks.sweeping.sweep.run, args=(work,))

    with database.transaction(busy) as db:
        locking.lock(db, user_id=UUID(str(bob.id)))
        sweeping.start()
        make.until(lambda: rows_of(work, alice.id), lambda rows: rows == [])
        assert rows_of(work, bob.id) == ["uploading"]
    sweeping.join(10)

    assert rows_of(work, bob.id) == []
    busy.dispose()


def test_files_that_cannot_be_measured_keep_no_other_from_its_turn(
    alice: Person, bob: Person, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.sweeping, "SWEPT_AT_ONCE", 1)
    file = make.uploaded(alice)
    died_on_the_way(work, bob.id, minutes_ago=1000)
    with work.engine.begin() as db:
        never = "UPDATE audio_files SET measured_at = NULL, updated_at = now() - interval '1 day' WHERE id = %s"
        db.exec_driver_sql(never, (file["id"],))

    tasks.sweeping.sweep.run(work)

    with work.engine.begin() as db:
        had_its_turn = "SELECT updated_at > now() - interval '1 minute' FROM audio_files WHERE id = %s"
        assert db.exec_driver_sql(had_its_turn, (file["id"],)).scalar()
    assert rows_of(work, bob.id) == []


def test_an_upload_that_may_still_be_running_is_left_alone(alice: Person, work: Work) -> None:
    died_on_the_way(work, alice.id, minutes_ago=15)

    tasks.sweeping.sweep.run(work)

    assert rows_of(work, alice.id) == ["uploading"]


def test_a_file_whose_tags_were_forgotten_is_taken_up_again(alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    with work.engine.begin() as db:
        db.exec_driver_sql(
            "UPDATE audio_files SET state = 'processing', title = NULL, updated_at = now() - interval '11 minutes'"
            " WHERE id = %s",
            (file["id"],),
        )

    tasks.sweeping.sweep.run(work)

    assert make.ready(alice, file["id"])["title"] == "Minuet in G"


def test_bodies_left_in_the_spool_are_swept(work: Work) -> None:
    old, fresh = work.spool / "old", work.spool / "fresh"
    old.touch()
    fresh.touch()
    then = (clock.now() - timedelta(minutes=21)).timestamp()
    os.utime(old, (then, then))

    tasks.sweeping.sweep.run(work)

    assert [each.name for each in work.spool.iterdir()] == ["fresh"]


def as_before_its_tags(work: Work, file: dict[str, Any], *covers: Path) -> None:
    """Put a file back to where it was when it was uploaded."""
    with work.engine.begin() as db:
        was = "UPDATE audio_files SET state = 'processing', title = NULL, cover_key = NULL WHERE id = %s"
        db.exec_driver_sql(was, (file["id"],))
    for each in covers:
        each.unlink()


class Died(BaseException):
    """The process is gone."""


class StoreThat(Store):
    """The object store, with something happening just before or just after the first object is written."""

    def __init__(self, work: Work, *, before: Callable[[], Any] = bool, after: Callable[[], Any] = bool) -> None:
        super().__init__(work.settings)
        self._before, self._after = before, after

    def put(self, *arguments: Any, **options: Any) -> None:
        before, after, self._before, self._after = self._before, self._after, bool, bool
        before()
        super().put(*arguments, **options)
        after()


def die() -> None:
    raise Died


def covers(stack: Stack, person: Person) -> list[Path]:
    return [each for each in make.objects(stack, person) if "cover" in str(each)]


def test_a_file_deleted_while_its_tags_are_read_keeps_no_cover(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    as_before_its_tags(work, file, *covers(stack, alice))

    def delete() -> None:
        assert alice.delete(f"/files/{file['id']}").status_code == 204
        make.until(lambda: rows_of(work, alice.id), lambda rows: rows == [])

    slow = replace(work, store=StoreThat(work, before=delete))
    tasks.processing.read_tags.run(slow, file_id=file["id"], user_id=str(alice.id))

    assert make.objects(stack, alice) == []


def test_a_cover_of_a_worker_that_died_is_not_shown_and_goes_with_its_file(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    as_before_its_tags(work, file, *covers(stack, alice))
    with pytest.raises(Died):
        tasks.processing.read_tags.run(
            replace(work, store=StoreThat(work, after=die)), file_id=file["id"], user_id=str(alice.id)
        )

    assert len(covers(stack, alice)) == 1
    assert alice.get(f"/files/{file['id']}").json()["cover_url"] is None
    assert alice.get(f"/files/{file['id']}/cover").json()["code"] == "still_processing"
    alice.delete(f"/files/{file['id']}")
    make.until(lambda: make.objects(stack, alice), lambda found: not found)


def test_a_cover_stored_after_its_file_went_goes_with_the_next_attempt(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    as_before_its_tags(work, file, *covers(stack, alice))

    def delete() -> None:
        alice.delete(f"/files/{file['id']}")
        make.until(lambda: rows_of(work, alice.id), lambda rows: rows == [])

    names = {"file_id": file["id"], "user_id": str(alice.id)}
    with pytest.raises(Died):
        tasks.processing.read_tags.run(replace(work, store=StoreThat(work, before=delete, after=die)), **names)
    assert len(covers(stack, alice)) == 1

    tasks.processing.read_tags.run(work, **names)

    assert make.objects(stack, alice) == []


def test_reading_tags_again_leaves_the_cover_where_it_is(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice)

    tasks.processing.read_tags.run(work, file_id=file["id"], user_id=str(alice.id))

    assert alice.get(f"/files/{file['id']}/cover").status_code == 200


def test_a_file_that_the_look_refuses_says_why_and_gives_its_room_back(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice, make.wav(), "a.wav")
    [stored] = make.objects(stack, alice)
    stored.write_bytes(bytes(stored.stat().st_size))  # as if the store gave back other bytes
    as_before_its_tags(work, file)

    tasks.processing.read_tags.run(work, file_id=file["id"], user_id=str(alice.id))

    shown = alice.get(f"/files/{file['id']}").json()
    assert (shown["status"], shown["stream_url"], shown["file_size"]) == ("rejected", None, 0)
    assert "not audio" in shown["error"]
    assert alice.get(f"/files/{file['id']}/stream").status_code in {404, 409}
    assert [each["id"] for each in alice.get("/files").json()] == [file["id"]]
    make.until(lambda: make.objects(stack, alice), lambda left: not left)
    assert used_by(work, alice.id) == 0
    assert alice.delete(f"/files/{file['id']}").status_code == 204
    assert used_by(work, alice.id) == 0
    make.until(lambda: rows_of(work, alice.id), lambda rows: rows == [])


def test_what_its_owner_has_said_is_not_overwritten_by_tags(alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    as_before_its_tags(work, file)
    with work.engine.begin() as db:
        db.exec_driver_sql("UPDATE audio_files SET edited_at = now(), title = 'My own' WHERE id = %s", (file["id"],))

    tasks.processing.read_tags.run(work, file_id=file["id"], user_id=str(alice.id))

    assert alice.get(f"/files/{file['id']}").json()["title"] == "My own"


def test_a_file_that_was_never_measured_is_taken_up_by_the_sweep(alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    path = f"/files/{file['id']}/waveform"
    make.until(lambda: alice.get(path).status_code, lambda status: status == 200)
    with work.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM waveforms WHERE file_id = %s", (file["id"],))
        never = "UPDATE audio_files SET measured_at = NULL, updated_at = now() - interval '11 minutes' WHERE id = %s"
        db.exec_driver_sql(never, (file["id"],))
    assert alice.get(path).json()["code"] == "no_waveform"

    tasks.sweeping.sweep.run(work)

    make.until(lambda: alice.get(path).status_code, lambda status: status == 200)


def test_a_cover_that_was_stored_and_never_shown_goes(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice, make.wav(), "a.wav")
    keys = [f"storage/cover/{alice.id}/{ids.new()}.jpg" for _ in range(2)]
    for key in keys:
        work.store.put("tutti", key, BytesIO(b"picture"), size_bytes=7, mime_type="image/jpeg")
    with work.engine.begin() as db:
        db.exec_driver_sql("UPDATE audio_files SET cover_key = %s WHERE id = %s", (keys[0], file["id"]))

    for key in keys:
        facts = {"file_id": file["id"], "user_id": str(alice.id), "bucket": "tutti", "cover_key": key}
        tasks.deleting.drop_unkept_cover.run(work, **facts)

    assert [each.name for each in covers(stack, alice)] == [keys[0].rpartition("/")[2]]


def test_a_copy_made_of_a_file_that_was_deleted_meanwhile_goes(stack: Stack, alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    web = stack.engine("media")
    with database.transaction(web, user_id=alice.id) as db:
        row = files.bytes_of(db, UUID(file["id"]), user_id=UUID(str(alice.id)))
    copies = Cache(work.cache, work.store, web, size_bytes=1024**3)
    copies.want(row)
    make.until(lambda: copies.find(row), lambda copy: copy is not None)
    copies.drop([row["id"]])
    with work.engine.begin() as db:  # as if just now: its bytes are still in the store
        db.exec_driver_sql("UPDATE audio_files SET state = 'deleting' WHERE id = %s", (file["id"],))

    copies.want(row)
    copies.close()
    copies._thread.join(5)

    assert list(work.cache.iterdir()) == []
    web.dispose()


def test_copies_of_files_that_are_no_more_are_swept(alice: Person, work: Work) -> None:
    file = make.uploaded(alice)
    kept = work.cache / f"{file['id']}-0123"
    kept.touch()
    for name in (f"{ids.new()}-0123", f"{ids.new()}-0123.filling"):
        (work.cache / name).touch()

    tasks.sweeping.sweep.run(work)

    assert list(work.cache.iterdir()) == [kept]


def size_of_tag(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def test_a_tag_that_unpacks_to_gigabytes_costs_only_its_tags(alice: Person) -> None:
    picture = b"\x00image/png\x00\x03\x00" + bytes(200_000_000)
    packed = zlib.compress(picture, 9)
    frame = b"APIC" + size_of_tag(len(packed) + 4) + b"\x00\x09" + size_of_tag(len(picture)) + packed
    bomb = b"ID3\x04\x00\x00" + size_of_tag(len(frame)) + frame + make.encoded("mp3", "mp3")

    file = make.uploaded(alice, bomb, "bomb.mp3")

    assert (file["status"], file["cover_url"]) == ("ready", None)
    assert alice.get(f"/files/{file['id']}/stream").content == bomb
