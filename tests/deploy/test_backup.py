"""What was backed up, from a Tutti that runs and from one that is stopped, is served again by another one."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy import backup, backup_folder, restore
from deploy.settings import Unusable
from shared import services
from tests import people
from tests.media import make as sounds
from tests.people import Person
from tests.sessions import make as sessions
from tests.stack import ROOT, Stack

ERRAND_SECONDS = 60


@dataclass
class Kept:
    """A backup made while Alice uploads, and what she had when it was asked for."""

    folder: Path
    alice: Person
    file: dict[str, Any]
    session: dict[str, Any]
    recording: bytes
    early: list[str] = field(default_factory=list)  # uploads that were answered before the backup began
    late: list[str] = field(default_factory=list)  # and those answered meanwhile


def errand(name: str, word: Path | str, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """What `make backup TO=...` and `make restore FROM=...` run."""
    inherited = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    return subprocess.run(
        [sys.executable, "-m", f"deploy.{name}", str(word)],
        cwd=ROOT,
        env={**inherited, "TUTTI_HOME": str(home), **settings},
        capture_output=True,
        text=True,
        timeout=ERRAND_SECONDS,
        check=False,
    )


def done(name: str, word: Path | str, home: Path) -> str:
    ended = errand(name, word, home)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def refusal(name: str, word: Path | str, home: Path, **settings: str) -> str:
    """The one line with which an errand ends that was not done."""
    ended = errand(name, word, home, **settings)
    assert ended.returncode == 1, ended.stdout
    [line] = ended.stderr.splitlines()
    assert line.startswith("That was not done: ")
    return line


def refused(errand: Callable[[str], Coroutine[Any, Any, None]], word: Path | str, home: Path, **settings: str) -> str:
    """The same words, from an errand in this process."""
    with pytest.MonkeyPatch.context() as here:
        for name in [name for name in os.environ if name.endswith("_URL")]:
            here.delenv(name)
        for name, value in {"TUTTI_HOME": str(home), **settings}.items():
            here.setenv(name, value)
        with pytest.raises(Unusable) as told:
            asyncio.run(errand(str(word)))
    return str(told.value)


def uploading(person: Person, answered: list[str], until: threading.Event) -> threading.Thread:
    """Someone who uploads one small sound after the other; each has its own length, so that they differ."""

    def upload() -> None:
        while not until.is_set():
            answer = sounds.upload(person, tone(len(answered)), f"{len(answered)}.wav")
            assert answer.status_code == 201, answer.text
            answered.append(answer.json()[0]["id"])

    thread = threading.Thread(target=upload)
    thread.start()
    return thread


def tone(number: int) -> bytes:
    return sounds.wav(0.2 + number / 1_000)


@pytest.fixture(scope="module")
def kept(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept") / "backup"
    alice, recording = people.sign_up(stack.url, "alice"), sessions.recording()
    file = sounds.uploaded(alice)
    session = sessions.saved(alice, audioBase64=sessions.encoded(recording))
    answered: list[str] = []
    over = threading.Event()
    writing = uploading(alice, answered, over)
    try:
        sounds.until(lambda: len(answered), lambda count: count >= 3)
        early = list(answered)
        done("backup", folder, stack.home)
    finally:
        over.set()
        writing.join()
    return Kept(folder, alice, file, session, recording, early, answered[len(early) :])


@pytest.fixture(scope="module")
def again(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Tutti over what was restored from it."""
    home = tmp_path_factory.mktemp("again") / "tutti"
    done("restore", kept.folder, home)
    running = Stack(home).start()
    yield running
    running.stop()


@pytest.fixture
def alice_again(again: Stack, kept: Kept) -> Iterator[Person]:
    person = signed_in(again, kept)
    yield person
    person.http.close()


def signed_in(stack: Stack, kept: Kept) -> Person:
    """Alice, by the address and the password that she had."""
    person = people.nobody(stack.url)
    person.email, person.password = kept.alice.email, kept.alice.password
    people.sign_in(person)
    return person


def facts(file: dict[str, Any]) -> dict[str, Any]:
    """A file without its playable addresses, which are new each time."""
    return {name: value for name, value in file.items() if not name.endswith("_url")}


def test_alice_signs_in_and_plays_her_file_byte_for_byte(kept: Kept, alice_again: Person) -> None:
    played = alice_again.get(f"/files/{kept.file['id']}/stream")

    assert played.content == sounds.MINUET.read_bytes()
    assert facts(alice_again.get(f"/files/{kept.file['id']}").json()) == facts(kept.file)


def test_alice_finds_her_session_and_its_recording(kept: Kept, alice_again: Person) -> None:
    [found] = alice_again.get(sessions.PATH).json()
    recording = alice_again.get(f"{sessions.PATH}/{kept.session['id']}").json()["audio_url"]

    assert found["id"] == kept.session["id"]
    assert alice_again.get(sounds.local(alice_again, recording)).content == kept.recording


def test_every_file_that_is_listed_plays_and_none_that_was_answered_is_missing(kept: Kept, alice_again: Person) -> None:
    listed = [file["id"] for file in alice_again.get("/files?limit=1000").json()]
    numbers = {file_id: number for number, file_id in enumerate(kept.early + kept.late)}

    assert kept.late and set(kept.early) < set(listed)
    for file_id in set(listed) - {kept.file["id"]}:
        sounds.ready(alice_again, file_id)  # a job takes up what was being looked at
        assert alice_again.get(f"/files/{file_id}/stream").content == tone(numbers[file_id])


def test_those_who_were_signed_in_still_are(kept: Kept, again: Stack) -> None:
    device = people.nobody(again.url)
    device.http.headers["Authorization"] = f"Bearer {kept.alice.token}"

    assert device.get("/api/user/profile").status_code == 200
    renewed = device.post("/api/auth/refresh", {"refresh_token": kept.alice.refresh_token})
    assert renewed.status_code == 200, renewed.text
    device.http.close()


def test_what_was_restored_goes_on(alice_again: Person) -> None:
    file = sounds.uploaded(alice_again)

    assert file["title"] == "Minuet in G"
    assert alice_again.delete(f"/files/{file['id']}").status_code in (200, 204)


def test_a_backup_is_for_its_owners_eyes_alone(kept: Kept) -> None:
    assert kept.folder.stat().st_mode & 0o777 == 0o700
    for path in (kept.folder / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_backup_says_what_is_in_it(kept: Kept) -> None:
    manifest = backup_folder.read(kept.folder)

    assert sorted(path.name for path in kept.folder.iterdir()) == ["database.dump", "manifest.json", "objects", "secrets"]
    assert sorted(manifest.services) == services.names() and manifest.tutti
    assert manifest.objects and manifest.objects.count >= len(kept.early) + 3  # the minuet, its cover, the recording


def test_objects_are_second_names_where_the_file_system_allows(kept: Kept, stack: Stack) -> None:
    stored = sounds.objects(stack, kept.alice)[0]

    assert (kept.folder / "objects" / stored.relative_to(stack.home / "store")).samefile(stored)


def flip_a_byte(folder: Path) -> None:
    content = bytearray((folder / "database.dump").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "database.dump").write_bytes(content)


def change_manifest(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def unreadable_dump(folder: Path) -> None:
    (folder / "database.dump").write_bytes(b"PGDMP" + bytes(200))
    change_manifest(folder, dump_sha256=backup_folder.sha256(folder / "database.dump"))


def lose_an_object(folder: Path) -> None:
    next(path for path in (folder / "objects").rglob("*") if path.is_file()).unlink()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "database.dump").unlink(), "database.dump is damaged"),
        (lose_an_object, "objects is not whole"),
        (lambda folder: (folder / "manifest.json").unlink(), "is no backup"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "is not of a format that this Tutti reads"),
        (lambda folder: change_manifest(folder, format=2), "is not of a format that this Tutti reads"),
    ],
)
def test_a_backup_that_is_not_whole_is_not_read(kept: Kept, tmp_path: Path, harm: Callable[[Path], None], said: str) -> None:
    shutil.copytree(kept.folder, tmp_path / "copy")
    harm(tmp_path / "copy")

    with pytest.raises(Unusable, match=said):
        backup_folder.read(tmp_path / "copy")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (flip_a_byte, "database.dump is damaged"),
        (lambda folder: change_manifest(folder, services={"auth": "auth_9999"}), "revision auth_9999 of auth is not known"),
        (lambda folder: change_manifest(folder, services={"oboe": "oboe_0001"}), "revision oboe_0001 of oboe is not known"),
        (lambda folder: change_manifest(folder, objects=None), "set S3_ENDPOINT"),
    ],
)
def test_a_refused_backup_leaves_nothing(kept: Kept, tmp_path: Path, harm: Callable[[Path], None], said: str) -> None:
    shutil.copytree(kept.folder, tmp_path / "copy")
    harm(tmp_path / "copy")

    assert said in refused(restore.restore, tmp_path / "copy", tmp_path / "home")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_dump_that_cannot_be_read_leaves_nothing(kept: Kept, tmp_path: Path) -> None:
    shutil.copytree(kept.folder, tmp_path / "copy")
    unreadable_dump(tmp_path / "copy")

    assert "pg_restore failed" in refusal("restore", tmp_path / "copy", tmp_path / "home")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_home_that_holds_anything_is_left_alone(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "note").write_text("mine")

    assert f"{tmp_path / 'home'} is not empty" in refused(restore.restore, kept.folder, tmp_path / "home")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["note"]


def test_another_app_secret_is_refused(kept: Kept, tmp_path: Path) -> None:
    line = refused(restore.restore, kept.folder, tmp_path / "home", APP_SECRET="k8Jq2vWm0Zr5Tn1Xc7Yb4Lp9Sd3Fg6Hh")

    assert "APP_SECRET is set to another one" in line and not (tmp_path / "home").exists()


@pytest.mark.parametrize("word", ["", "nowhere"])
def test_a_restore_of_nothing_is_refused(tmp_path: Path, word: str) -> None:
    assert refused(restore.restore, word, tmp_path / "home")


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    assert "there is nothing to back up" in refusal("backup", tmp_path / "to", tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_never_written_over_or_into_what_it_copies(kept: Kept, stack: Stack) -> None:
    assert "is not empty" in refused(backup.backup, kept.folder, stack.home)
    assert "choose a folder outside" in refused(backup.backup, stack.home / "store" / "backup", stack.home)


def test_a_database_that_does_not_answer_leaves_no_backup(tmp_path: Path) -> None:
    for needed in ("store", "secrets/migrations"):
        (tmp_path / "home" / needed).mkdir(parents=True)

    line = refusal("backup", tmp_path / "to", tmp_path / "home", DATABASE_URL="postgresql://postgres:x@127.0.0.1:1/tutti")

    assert "the database does not answer" in line
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.nightly
def test_a_stopped_tutti_is_backed_up_and_restored_alike(kept: Kept, tmp_path: Path) -> None:
    done("restore", kept.folder, tmp_path / "first")
    done("backup", tmp_path / "backup", tmp_path / "first")
    done("restore", tmp_path / "backup", tmp_path / "second")
    before, after = backup_folder.read(kept.folder), backup_folder.read(tmp_path / "backup")

    assert (after.services, after.objects) == (before.services, before.objects)
    second = Stack(tmp_path / "second").start()
    try:
        alice = signed_in(second, kept)
        assert alice.get(f"/files/{kept.file['id']}/stream").content == sounds.MINUET.read_bytes()
        alice.http.close()
    finally:
        second.stop()
