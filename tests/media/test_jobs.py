"""The background work of media: what is swept, what is taken up again, and what a hostile tag costs."""

import os
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from services.media import tasks
from shared import clock, ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack


@pytest.fixture
def work(stack: Stack, tmp_path: Path) -> Iterator[Any]:
    """What the sweep needs of the worker's world, with a spool of its own."""
    engine = stack.engine("media-worker")
    yield SimpleNamespace(engine=engine, spool=tmp_path)
    engine.dispose()


def died_on_the_way(work: Any, user_id: UUID | None, *, minutes_ago: int) -> None:
    """An upload whose process was killed so long ago, before its first byte was stored."""
    then = clock.now() - timedelta(minutes=minutes_ago)
    with work.engine.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO audio_files (id, user_id, filename, file_size, kind, state, created_at, updated_at)"
            " VALUES (%s, %s, '', 1000, 'upload', 'uploading', %s, %s)",
            (ids.new(), user_id, then, then),
        )
        db.exec_driver_sql("INSERT INTO storage_use VALUES (%s, 1000)", (user_id,))


def rows_of(work: Any, user_id: UUID | None) -> list[str]:
    with work.engine.begin() as db:
        found = db.exec_driver_sql("SELECT state FROM audio_files WHERE user_id = %s", (user_id,))
        return [state for (state,) in found]


def used_by(work: Any, user_id: UUID | None) -> int:
    with work.engine.begin() as db:
        return db.exec_driver_sql("SELECT used_bytes FROM storage_use WHERE user_id = %s", (user_id,)).scalar()


def test_an_upload_that_died_is_swept_with_its_object(stack: Stack, alice: Person, work: Any) -> None:
    file = make.uploaded(alice)
    with work.engine.begin() as db:
        db.exec_driver_sql(
            "UPDATE audio_files SET state = 'uploading', updated_at = now() - interval '21 minutes' WHERE id = %s",
            (file["id"],),
        )

    tasks.sweep.run(work)

    make.until(lambda: rows_of(work, alice.id), lambda rows: rows == [])
    assert make.objects(stack, alice) == []
    assert used_by(work, alice.id) == 0


def test_an_upload_that_died_before_its_bytes_came_is_forgotten(alice: Person, work: Any) -> None:
    died_on_the_way(work, alice.id, minutes_ago=21)

    tasks.sweep.run(work)

    assert (rows_of(work, alice.id), used_by(work, alice.id)) == ([], 0)


def test_an_upload_that_may_still_be_running_is_left_alone(alice: Person, work: Any) -> None:
    died_on_the_way(work, alice.id, minutes_ago=15)

    tasks.sweep.run(work)

    assert rows_of(work, alice.id) == ["uploading"]


def test_a_file_whose_tags_were_forgotten_is_taken_up_again(alice: Person, work: Any) -> None:
    file = make.uploaded(alice)
    with work.engine.begin() as db:
        db.exec_driver_sql(
            "UPDATE audio_files SET state = 'processing', title = NULL, updated_at = now() - interval '11 minutes'"
            " WHERE id = %s",
            (file["id"],),
        )

    tasks.sweep.run(work)

    assert make.ready(alice, file["id"])["title"] == "Minuet in G"


def test_bodies_left_in_the_spool_are_swept(work: Any) -> None:
    old, fresh = work.spool / "old", work.spool / "fresh"
    old.touch()
    fresh.touch()
    then = (clock.now() - timedelta(minutes=21)).timestamp()
    os.utime(old, (then, then))

    tasks.sweep.run(work)

    assert [each.name for each in work.spool.iterdir()] == ["fresh"]


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
