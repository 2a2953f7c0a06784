"""Local copies of what was played: whole or absent, whatever is deleted, killed or full meanwhile."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from services.media.library import files
from services.media.library.files import Row
from services.media.playing import cache as caching
from services.media.playing.cache import Cache
from services.media.store import Store
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack

SOUNDS = [make.wav(0.5, pitch_hz=300 + n) for n in range(6)]
LONG = make.big_wav(6_000_000)  # more than one read, and more than the sockets between us take
LEFT_BYTES = 300_000  # of a small disk


class StoreThat(Store):
    """The object store, with something happening each time before it reads."""

    before: Callable[[str], Any] = staticmethod(bool)

    def read(self, bucket: str, key: str, *, start: int, length: int) -> bytes:
        self.before(key)
        return super().read(bucket, key, start=start, length=length)


@pytest.fixture
def cache(stack: Stack, tmp_path: Path) -> Iterator[Callable[[Path], Cache]]:
    """Makes caches over the real store and the real rows."""
    settings, web, made = make.settings(stack, tmp_path), stack.engine("media"), list[Cache]()

    def open_at(folder: Path) -> Cache:
        made.append(Cache(folder, StoreThat(settings), web, size_bytes=1024**3))
        return made[-1]

    yield open_at
    for each in made:
        each.close()
    web.dispose()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not shutil.which("mount") or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]).returncode:
        pytest.skip("only an administrator may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def row(stack: Stack, person: Person, file: dict[str, Any]) -> Row:
    web, user_id = stack.engine("media"), UUID(str(person.id))
    with database.transaction(web, user_id=user_id) as db:
        found = files.bytes_of(db, UUID(file["id"]), user_id=user_id)
    web.dispose()
    return found


def test_copies_made_at_once_are_whole_and_those_of_deleted_files_go(
    stack: Stack, alice: Person, cache: Any, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(3) as several:
        made = list(several.map(lambda sound: make.uploaded(alice, sound), SOUNDS))
    rows = [row(stack, alice, file) for file in made]
    copies, gone, kept = cache(tmp_path / "cache"), rows[::2], rows[1::2]

    def delete_while_it_is_filled(key: str) -> None:
        for each in gone:
            if each["object_key"] == key:
                assert alice.delete(f"/files/{each['id']}").status_code == 204
                copies.drop([each["id"]])

    copies._store.before = delete_while_it_is_filled
    wanting = [threading.Thread(target=copies.want, args=(each,)) for each in rows * 4]
    for each in wanting:
        each.start()
    make.until(lambda: [copies.find(each) for each in kept], all)
    make.until(lambda: copies._names, lambda names: not names)

    assert [copies.find(each).read_bytes() for each in kept] == SOUNDS[1::2]
    assert [copies.find(each) for each in gone] == [None] * len(gone)
    assert len(list((tmp_path / "cache").iterdir())) == len(kept)


def test_a_disk_that_fills_up_while_a_copy_is_made_loses_only_that_copy(
    stack: Stack, alice: Person, cache: Any, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "FREE_BYTES", 0)
    file = row(stack, alice, make.uploaded(alice, make.big_wav(1_000_000), "a.wav"))
    copies, ballast = cache(small_disk), small_disk.parent / "small" / "ballast"

    def fill(_key: str) -> None:
        ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - LEFT_BYTES))

    copies._store.before = fill
    copies.want(file)
    make.until(lambda: copies._names, lambda names: not names)
    assert (copies.find(file), list(small_disk.iterdir())) == (None, [ballast])

    ballast.unlink()
    copies._store.before = bool
    copies.want(file)

    assert make.until(lambda: copies.find(file), bool).stat().st_size == 1_000_000


def test_what_was_half_copied_when_the_process_died_is_gone_at_the_next_start(cache: Any, tmp_path: Path) -> None:
    whole, half = tmp_path / "00000000-whole", tmp_path / "00000000-half.filling"
    for each in (whole, half):
        each.write_bytes(b"some")

    cache(tmp_path)

    assert (whole.exists(), half.exists()) == (True, False)


def test_a_file_deleted_while_it_is_played_from_its_copy_is_played_to_its_end(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice, LONG, "long.wav")
    alice.get(f"/files/{file['id']}/stream")
    make.until(lambda: make.cached(stack, file["id"]), lambda names: names and not names[0].endswith(".filling"))
    address = urlsplit(stack.url)
    with socket.socket() as player:
        player.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        player.connect((address.hostname, address.port))
        head = f"GET /files/{file['id']}/stream HTTP/1.1\r\nHost: tutti\r\nConnection: close\r\n"
        player.sendall(f"{head}Authorization: Bearer {alice.token}\r\n\r\n".encode())
        heard = player.recv(1_000)

        assert alice.delete(f"/files/{file['id']}").status_code == 204
        make.until(lambda: make.cached(stack, file["id"]), lambda names: names == [])
        make.until(lambda: make.objects(stack, alice), lambda left: not left)
        while piece := player.recv(1_000_000):
            heard += piece

    assert heard.partition(b"\r\n\r\n")[2] == LONG
