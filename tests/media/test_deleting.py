"""What is left of files once they are deleted, or their owner has left: nothing, wherever it was kept."""

import base64
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from services.media.errors import NoSuchFile, NoSuchPicture
from services.media.models.pictures import Purpose
from services.media.playing.cache import Cache
from services.media.receiving import handed, pictures
from services.media.schemas.handed import Made, NewFile
from services.media.store import Store
from services.media.tasks import Work, deleting, joining, leaving, proving, sweeping
from shared import ids
from tests.media import make
from tests.media.test_jobs import StoreThat
from tests.media.test_pictures import picture
from tests.media.test_resumable import became, begun, send
from tests.people import Person
from tests.stack import Stack


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


def world_with(work: Work, *, after: Any) -> Any:
    """What receiving needs of the world, with something happening just after the first object is written."""
    return SimpleNamespace(settings=work.settings, spool=work.spool, store=StoreThat(work, after=after))


def forgetting(work: Work, table: str, person: Person) -> Any:
    """Every row of theirs goes, as if their account were deleted just now."""

    def forget() -> None:
        with work.engine.begin() as db:
            db.exec_driver_sql(f"DELETE FROM {table} WHERE user_id = %s", (person.id,))

    return forget


def test_a_song_stored_after_its_row_went_goes_too(stack: Stack, alice: Person, work: Work) -> None:
    world, web = world_with(work, after=forgetting(work, "audio_files", alice)), stack.engine("media")
    sound = f"data:audio/wav;base64,{base64.b64encode(make.wav(0.2)).decode()}"
    song = NewFile(kind=Made.SONG, source_id=ids.new(), filename="a.wav", audio=sound)

    with pytest.raises(NoSuchFile):
        handed.take_data_url(web, world, song, user_id=UUID(str(alice.id)))

    make.until(lambda: make.objects(stack, alice), lambda found: not found)
    web.dispose()


def test_a_picture_stored_after_its_row_went_goes_too(stack: Stack, alice: Person, work: Work) -> None:
    world, web = world_with(work, after=forgetting(work, "media", alice)), stack.engine("media")
    sent = work.spool / "sent"
    sent.write_bytes(picture())
    body: Any = SimpleNamespace(files=[SimpleNamespace(path=sent, sha256="")])

    with pytest.raises(NoSuchPicture):
        pictures._keep(web, world, body, UUID(str(alice.id)), Purpose.CHAT, None)

    make.until(lambda: make.objects(stack, alice), lambda found: not found)
    web.dispose()


def test_a_resumable_upload_joined_after_its_row_went_leaves_nothing(stack: Stack, alice: Person, work: Work) -> None:
    sound = make.wav(0.2)
    where = begun(alice, len(sound))
    send(alice, where, 0, sound)
    became(alice, where)
    upload_id = where.rpartition("/")[2]
    make.until(lambda: make.objects(stack, alice), lambda found: len(found) == 1)
    [kept] = make.objects(stack, alice)
    with work.engine.begin() as db:  # as if it were being joined just now
        db.exec_driver_sql("DELETE FROM audio_files WHERE user_id = %s", (alice.id,))
        db.exec_driver_sql("UPDATE uploads SET progress = 'joining' WHERE id = %s", (upload_id,))
        db.exec_driver_sql(
            "INSERT INTO upload_parts (upload_id, number, user_id, object_key, size_bytes) VALUES (%s, 1, %s, %s, %s)",
            (upload_id, alice.id, str(kept.relative_to(stack.home / "store" / "tutti")), len(sound)),
        )
    slow = replace(work, store=StoreThat(work, after=forgetting(work, "audio_files", alice)))

    joining.join.run(slow, upload_id=upload_id, user_id=str(alice.id))

    make.until(lambda: make.objects(stack, alice), lambda found: not found)


def test_what_a_row_names_by_now_is_not_dropped(stack: Stack, alice: Person, work: Work) -> None:
    make.uploaded(alice, make.wav(0.2))
    [kept] = make.objects(stack, alice)

    named = ["tutti", str(kept.relative_to(stack.home / "store" / "tutti"))]
    deleting.drop_late.run(work, user_id=str(alice.id), objects=[named])

    assert make.objects(stack, alice) == [kept]


class Fleeting(type(Path())):  # type: ignore[misc]
    """A folder whose files go just after they were seen, as spooled bodies do."""

    def is_file(self) -> bool:
        found: bool = super().is_file()
        if found:
            self.unlink()
        return found


def test_a_body_that_goes_while_the_spool_is_swept_stops_no_sweep(work: Work) -> None:
    (work.spool / "going").touch()

    sweeping.sweep.run(replace(work, spool=Fleeting(work.spool)))

    assert list(work.spool.iterdir()) == []


def test_every_copy_of_a_deleted_file_goes(stack: Stack, work: Work) -> None:
    copies, gone = Cache(work.cache, work.store, stack.engine("media"), size_bytes=1024), ids.new()
    for name in (f"{gone}-0123", f"{gone}-4567"):  # its own, and its twin's
        (work.cache / name).touch()

    copies.drop([gone])

    assert list(work.cache.iterdir()) == []
    copies.close()


def test_what_is_too_large_to_be_done_at_once_is_refused_and_not_cut(alice: Person, work: Work) -> None:
    file, playlist = make.uploaded(alice), alice.post("/playlists", {"name": "Long"}).json()
    with work.engine.begin() as db:
        album_id = db.exec_driver_sql("SELECT album_id FROM audio_files WHERE id = %s", (file["id"],)).scalar()
        db.exec_driver_sql(
            "INSERT INTO audio_files (id, user_id, filename, file_size, kind, state, album_id, object_key, bucket, sha256)"
            " SELECT gen_random_uuid(), user_id, filename, 0, kind, state, album_id, 'none', bucket, sha256"
            " FROM audio_files, generate_series(1, 200) WHERE id = %s",
            (file["id"],),
        )

    cover = alice.post("/files/upload/cover", data={"album_id": str(album_id)}, files={"file": ("a.jpg", picture())})
    places = [{"track_id": file["id"], "position": 0}] * 10_001
    order = alice.http.put(f"/playlists/{playlist['id']}/tracks/reorder", json=places)

    assert (cover.status_code, cover.json()["code"]) == (413, "album_too_large")
    assert order.status_code == 422
