"""What is left of files once they are deleted, or their owner has left: nothing, wherever it was kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.media.store import Store
from services.media.tasks import Work, leaving, proving
from tests.media import make
from tests.people import Person
from tests.stack import Stack


@pytest.fixture
def work(stack: Stack, tmp_path: Path) -> Iterator[Work]:
    """The worker's world, with a spool and a cache of its own."""
    settings = make.settings(stack, tmp_path)
    for folder in (tmp_path / "spool", settings.cache_folder):
        folder.mkdir()
    engine = stack.engine("media-worker")
    yield Work(settings, engine, {}, Store(settings), tmp_path / "spool", settings.cache_folder)
    engine.dispose()


def counted(work: Work, statement: str, *facts: Any) -> int:
    with work.engine.begin() as db:
        return int(db.exec_driver_sql(statement, facts).scalar() or 0)


def test_renditions_go_with_a_whole_library(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice, make.wav(0.3))
    assert alice.get(f"/files/{file['id']}/stream?format=opus").status_code == 200
    make.until(lambda: make.objects(stack, alice), lambda found: [each for each in found if "rendition" in str(each)])

    assert alice.delete("/files/tracks/all").status_code == 200

    make.until(lambda: make.objects(stack, alice), lambda found: not found)


def test_what_listeners_made_of_a_track_goes_with_it(alice: Person, bob: Person, work: Work) -> None:
    file = make.uploaded(alice)
    assert alice.http.put(f"/files/tracks/{file['id']}/star").status_code == 200
    stars = "INSERT INTO annotations (user_id, target, target_id, starred_at) VALUES (%s, %s, %s, now())"
    with work.engine.begin() as db:
        db.exec_driver_sql(stars, (bob.id, "track", file["id"]))
        db.exec_driver_sql(stars, (bob.id, "album", file["id"]))

    alice.delete(f"/files/{file['id']}")

    left = "SELECT count(*) FROM annotations WHERE target_id = %s AND target = %s"
    make.until(lambda: counted(work, left, file["id"], "track"), lambda rows: rows == 0)
    assert counted(work, left, file["id"], "album") == 1


def test_nothing_is_counted_of_somebody_who_left(alice: Person, bob: Person, work: Work) -> None:
    file = make.uploaded(alice)
    with work.engine.begin() as db:
        starred = "INSERT INTO annotations (user_id, target, target_id, starred_at) VALUES (%s, 'track', %s, now())"
        db.exec_driver_sql(starred, (bob.id, file["id"]))

    leaving.forget(work, UUID(str(alice.id)))

    assert counted(work, "SELECT count(*) FROM file_counts WHERE user_id = %s", alice.id) == 0
    assert counted(work, "SELECT count(*) FROM annotations WHERE user_id = %s", bob.id) == 0


class Unread(Store):
    """An object store of which nothing is read; one byte tells that an object is there."""

    def read(self, bucket: str, key: str, *, start: int, length: int) -> bytes:
        assert length == 1
        return super().read(bucket, key, start=start, length=length)


def test_a_night_compares_names_and_lengths_and_reads_nothing(alice: Person, work: Work) -> None:
    make.uploaded(alice)

    proving.prove_storage.run(replace(work, store=Unread(work.settings)))
