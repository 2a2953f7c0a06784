"""Resumable uploads by the clients that people use, tuspy and tus-js-client, while everything that they need dies once."""

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.uploader import Uploader

from tests import npm
from tests.media import make
from tests.media.test_resumable import TUS, became, begun
from tests.people import Person
from tests.stack import Stack

MIB = 1024 * 1024
CHUNK = 8 * MIB  # of one request
KILLED = ("media", "store", "postgres", "gateway")
HERE = Path(__file__).parent / "tus"
NODE_SECONDS = 120


class Read:
    """A file that counts what is read of it: whatever is read, tuspy sends."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size_bytes = 0
        self.seek, self.tell = self._file.seek, self._file.tell

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(size)
        self.size_bytes += len(found)
        return found


def kill(stack: Stack, name: str, *, in_seconds: float) -> threading.Thread:
    """Kill a process of the stack a moment later, as `kill -9` does."""
    pid = stack.processes()[name]["pid"]

    def act() -> None:
        time.sleep(in_seconds)
        os.kill(pid, signal.SIGKILL)

    acting = threading.Thread(target=act)
    acting.start()
    return acting


def by_tuspy(stack: Stack, person: Person, path: Path, at_chunk: Callable[[int], Any]) -> tuple[str, int]:
    """Upload with tuspy; where to, and how many bytes it sent."""
    client = TusClient(f"{stack.url}/files/tus", headers={"Authorization": f"Bearer {person.token}"})
    read = Read(path)
    uploader: Uploader = client.uploader(
        file_stream=read,
        chunk_size=CHUNK,
        metadata={"filename": "walk.wav"},
        retries=60,
        retry_delay=0.25,
        upload_checksum=True,
    )
    uploader.set_url(uploader.create_url())
    for number in range(-(-path.stat().st_size // CHUNK)):
        at_chunk(number)
        uploader.upload_chunk()
    assert uploader.offset == path.stat().st_size
    return uploader.url.removeprefix(stack.url), read.size_bytes


def by_tus_js(stack: Stack, person: Person, path: Path, at_chunk: Callable[[int], Any]) -> tuple[str, int]:
    """Upload with tus-js-client in Node; where to, and how many bytes it sent, the heads of its requests among them."""
    modules = npm.node_modules(HERE, "tus-js-client") / "node_modules"
    script = path.with_name("upload.mjs")
    script.write_bytes((HERE / "upload.mjs").read_bytes())
    if not (path.parent / "node_modules").exists():
        (path.parent / "node_modules").symlink_to(modules)
    told = {"TUS_URL": f"{stack.url}/files/tus", "TUS_TOKEN": person.token, "TUS_FILE": str(path), "TUS_CHUNK": str(CHUNK)}
    sent, furthest, url, failed = 0, -1, "", list[str]()
    with subprocess.Popen([npm.NODE, script], env=os.environ | told, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout
        for event in map(json.loads, node.stdout):
            failed += [event["failed"]] if "failed" in event else []
            url, sent = event.get("url", url), event.get("sent", sent)
            if "from" in event and event["from"] // CHUNK > furthest:
                furthest = event["from"] // CHUNK
                at_chunk(furthest)
        assert node.wait(NODE_SECONDS) == 0, failed
    return url.removeprefix(stack.url), sent


HEADS_BYTES = {
    by_tuspy: 0,
    by_tus_js: 16 * 1024,
}  # of an upload in two chunks, at most; tuspy's are not counted
CLIENTS = pytest.mark.parametrize("client", [by_tuspy, by_tus_js], ids=["tuspy", "tus-js-client"])


def sound(folder: Path, size_bytes: int) -> Path:
    path = folder / "walk.wav"
    path.write_bytes(make.big_wav(size_bytes))
    return path


@CLIENTS
def test_a_client_that_people_use_uploads(stack: Stack, alice: Person, tmp_path: Path, client: Any) -> None:
    path = sound(tmp_path, 9 * MIB)

    where, sent = client(stack, alice, path, lambda _chunk: None)

    assert 0 <= sent - 9 * MIB <= HEADS_BYTES[client]
    file = became(alice, where)
    assert (file["status"], file["filename"]) == ("ready", "walk.wav")
    assert alice.get(f"/files/{file['id']}/stream").content == path.read_bytes()


@pytest.mark.nightly
def test_whoever_asks_where_to_go_on_while_postgres_is_away_is_told_to_wait(stack: Stack, alice: Person) -> None:
    where, seen = begun(alice, MIB), list[int]()
    kill(stack, "postgres", in_seconds=0).join()

    def ask() -> int:
        seen.append(alice.http.head(where, headers=TUS).status_code)
        return seen[-1]

    make.until(ask, lambda status: status == 200 and 423 in seen, seconds=30)

    assert set(seen) == {200, 423}  # after any other answer tus-js-client begins the whole upload anew
    stack.wait_until_healthy(30)


@pytest.mark.nightly
@CLIENTS
def test_an_upload_outlives_everything_that_carries_it(
    stack: Stack, alice: Person, tmp_path: Path, client: Any, figures: Callable[[str], None]
) -> None:
    path, size = sound(tmp_path, 64 * MIB), 64 * MIB
    killing: list[threading.Thread] = []

    def at_chunk(number: int) -> None:
        if number % 2 and (name := dict(enumerate(KILLED)).get(number // 2)):
            killing.append(kill(stack, name, in_seconds=0.02))

    started = time.monotonic()
    where, sent = client(stack, alice, path, at_chunk)
    took = time.monotonic() - started
    for each in killing:
        each.join()
    stack.wait_until_healthy(30)

    assert len(killing) == len(KILLED)
    file_id = make.until(lambda: alice.http.head(where, headers=TUS).headers.get("tutti-file-id"), bool, seconds=30)
    file = make.until(
        lambda: alice.get(f"/files/{file_id}").json(), lambda file: file.get("status") in ("ready", "rejected"), seconds=90
    )
    again = sent - size
    told = f"P19: {client.__name__} sent 64 MiB while {', '.join(KILLED)} were each killed once, in {took:.1f} s"
    figures(f"{told}; {again / MIB:.1f} MiB of it again")
    assert again <= len(KILLED) * CHUNK
    got = hashlib.sha256(alice.get(f"/files/{file['id']}/stream").content).digest()
    assert got == hashlib.sha256(path.read_bytes()).digest()
    is_part = lambda each: "/uploads/" in str(each)  # noqa: E731
    make.until(lambda: [each for each in make.objects(stack, alice) if is_part(each)], lambda left: left == [], seconds=30)
