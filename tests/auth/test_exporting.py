"""An archive of everything that is somebody's: complete, exact, and nobody else's."""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psutil
import pytest
from sqlalchemy import text

from services.media.tasks.sweeping import sweep_archives
from shared import db, ids, services
from tests import mails
from tests.auth.test_leaving_for_good import ask_to_go, make_due
from tests.media import make
from tests.media.test_pictures import picture, send
from tests.people import Person
from tests.sessions import make as practice
from tests.stack import Stack

EXPORT = "/api/user/export"
SECRET_COLUMNS = {"password", "salt", "digest", "key_digest", "app_password", "secret"}


def memory_mib(stack: Stack) -> float:
    """What media's processes hold."""
    media = psutil.Process(stack.processes()["media"]["pid"])
    return sum(each.memory_info().rss for each in [media, *media.children(recursive=True)]) / 2**20


def ready(person: Person) -> dict[str, Any]:
    """Ask for an archive and wait until it is ready."""
    answer = person.post(EXPORT)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = make.until(lambda: person.get(EXPORT).json(), lambda archive: archive["completed_at"])
    return found


def test_an_archive_holds_exactly_what_was_put_in(stack: Stack, alice: Person, bob: Person) -> None:
    make.uploaded(bob)
    sounds = {"Étude No. 1.wav": make.wav(0.3), "../../etc/passwd.wav": make.wav(0.2), "Minuet.flac": make.MINUET.read_bytes()}
    kept = {name: make.uploaded(alice, sound, name)["id"] for name, sound in sounds.items()}
    for each in kept.values():
        make.until(lambda at=f"/files/{each}/waveform": alice.get(at).status_code, lambda status: status == 200)
    recording = practice.recording(0.3)
    session = practice.saved(alice, audioBase64=practice.data_url(recording), song_name="Arie „Ombra“")

    avatar = send(alice, picture(), "avatar").json()

    archive = ready(alice)
    answer = alice.get(make.local(alice, archive["download_url"]))
    zipped = zipfile.ZipFile(io.BytesIO(answer.content))

    assert answer.headers["content-type"] == "application/zip"
    assert zipped.testzip() is None
    audio = {each: zipped.read(each) for each in zipped.namelist() if each.startswith("audio/")}
    assert sorted(audio.values()) == sorted([*sounds.values(), recording])
    assert all(".." not in each and each.count("/") == 1 for each in audio)
    parts = {name: json.loads(zipped.read(f"{name}.json")) for name in services.names()}
    files = {row["id"]: row for row in parts["media"]["audio_files"]}
    assert {audio[f"audio/{files[file_id]['archived_as']}"] for file_id in kept.values()} == set(sounds.values())
    [portrait], minuet = parts["media"]["media"], files[kept["Minuet.flac"]]
    assert zipped.read(portrait["archived_as"]) == alice.get(avatar["media_url"]).content
    assert zipped.read(minuet["cover_archived_as"]) == alice.get(f"/files/{minuet['id']}/cover").content
    assert [(row["id"], row["song_name"]) for row in parts["sessions"]["sessions"]] == [(session["id"], "Arie „Ombra“")]
    assert [row["email"] for row in parts["auth"]["users"]] == [alice.email]
    assert len(parts["auth"]["user_sessions"]) == 1
    columns = {name for table in parts["auth"].values() if isinstance(table, list) for row in table for name in row}
    assert not columns & SECRET_COLUMNS
    assert str(bob.id) not in str(parts)


def test_an_archive_is_asked_for_once_a_day(stack: Stack, alice: Person) -> None:
    archive = ready(alice)
    again = alice.post(EXPORT)

    assert (again.status_code, again.json()["code"]) == (429, "export_too_soon")
    assert 86_000 < int(again.headers["retry-after"]) <= 86_401
    with db.transaction(stack.engine("auth-worker")) as work:
        work.execute(text("UPDATE account_exports SET completed_at = NULL WHERE id = :id"), {"id": archive["id"]})
    assert alice.post(EXPORT).json()["code"] == "export_under_way"


def test_whoever_asked_is_written_to_when_it_is_ready(stack: Stack, alice: Person) -> None:
    archive = ready(alice)

    assert archive["id"] in mails.wait(stack, alice.email, "Your archive is ready").as_string()


def test_a_stranger_cannot_ask_for_see_or_download_an_archive(stack: Stack, alice: Person, bob: Person, nobody: Person) -> None:
    path = make.local(alice, ready(alice)["download_url"])

    assert bob.get(path).status_code == bob.get(f"/files/exports/{ids.new()}").status_code == 404
    assert bob.get(path).json() == bob.get(f"/files/exports/{ids.new()}").json()
    assert bob.get(EXPORT).status_code == 404
    assert [nobody.post(EXPORT).status_code, nobody.get(EXPORT).status_code, nobody.get(path).status_code] == [401] * 3


def test_an_archive_goes_with_the_account(stack: Stack, alice: Person) -> None:
    make.uploaded(alice)
    ready(alice)
    assert [each for each in make.objects(stack, alice) if "exports" in str(each)]

    assert ask_to_go(alice).status_code == 200
    make_due(stack, alice)

    make.until(lambda: make.objects(stack, alice), lambda found: not found)


def test_an_archive_with_a_part_missing_is_not_given_out(stack: Stack, alice: Person) -> None:
    task_id = ids.new()
    with make.as_service(stack, alice, caller="sessions") as sessions:
        put = sessions.put(f"/internal/exports/{task_id}/sessions", content=b"{}")
        forged = sessions.put(f"/internal/exports/{task_id}/auth", content=b"{}")

    assert (put.status_code, forged.status_code) == (204, 404)
    assert alice.get(f"/files/exports/{task_id}").status_code == 404


def test_an_archive_is_deleted_after_seven_days(stack: Stack, alice: Person, bob: Person) -> None:
    path, kept = (make.local(each, ready(each)["download_url"]) for each in (alice, bob))
    eight_days_ago = time.time() - 8 * 86_400
    for each in make.objects(stack, alice):
        os.utime(each, (eight_days_ago, eight_days_ago))

    make.until(lambda: alice.get(path).status_code, lambda status: status == 404)
    with db.transaction(stack.engine("media-worker")) as work:
        sweep_archives.enqueue_with(work)

    make.until(lambda: make.objects(stack, alice), lambda found: not found)
    assert bob.get(kept).status_code == 200


@pytest.mark.parametrize("task_id", ["x", "..storage", str(UUID(int=0))])
def test_what_is_no_archive_is_not_found(alice: Person, task_id: str) -> None:
    assert alice.get(f"/files/exports/{task_id}").status_code == 404


def test_a_large_archive_takes_no_memory(stack: Stack, alice: Person, figures: Callable[[str], None]) -> None:
    """Media's memory grows by less than the archive is large."""
    for _ in range(4):
        make.uploaded(alice, make.big_wav(24 * 1024 * 1024), "long.wav")
    archive = ready(alice)
    before, size = memory_mib(stack), 0
    with alice.http.stream("GET", make.local(alice, archive["download_url"])) as answer:
        for piece in answer.iter_bytes():
            size += len(piece)
    grown = memory_mib(stack) - before

    figures(f"an archive of {size / 2**20:.0f} MiB: media's memory grew by {grown:.1f} MiB")
    assert size > 96 * 1024 * 1024
    assert grown < 64
