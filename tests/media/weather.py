"""An object store of one's own on a small disk, and the road to it: open, cut, silent, failing or slow, as a test wants it."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from deploy import object_store
from tests.stack import free_ports

ACCESS_KEY, SECRET_KEY = "storm-warning-access", "storm-warning-secret-of-a-test"
LOOPBACK = "127.0.0.1"
SLOW_BYTES_PER_SECOND = 10_000
PIECE_BYTES = 65_536
LOOK_SECONDS = 0.02
START_SECONDS = 20
ERROR = b"<Error><Code>InternalError</Code><Message>a storm</Message></Error>"
FAILS = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
)

Weather = Literal["well", "gone", "silent", "failing", "slow"]


class Road:
    """A port in front of a store. What is on its way when the weather changes is cut off, but for silence: it stops."""

    def __init__(self, store_port: int) -> None:
        self._store_port = store_port
        self._weather: Weather = "well"
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server((LOOPBACK, 0), backlog=256)
        self.url = f"http://{LOOPBACK}:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def turn(self, weather: Weather) -> None:
        """Let the weather be this from now on."""
        self._weather = weather
        if weather != "silent":
            self._cut()

    def close(self) -> None:
        """End it."""
        self._listening.close()
        self._cut()

    def _cut(self) -> None:
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        self._open.add(client)
        with client, suppress(OSError):
            self._wait()
            if self._weather == "gone":
                return
            if self._weather == "failing":
                client.recv(PIECE_BYTES)
                client.sendall(FAILS % (len(ERROR), ERROR))
                client.shutdown(socket.SHUT_WR)
                while client.recv(PIECE_BYTES):
                    pass
                return
            with socket.create_connection((LOOPBACK, self._store_port)) as store:
                self._open.add(store)
                back = threading.Thread(target=self._pump, args=(store, client), daemon=True)
                back.start()
                self._pump(client, store)
                back.join()
                self._open.discard(store)
        self._open.discard(client)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(1_000 if self._weather == "slow" else PIECE_BYTES):
                self._wait()
                if self._weather == "slow":
                    time.sleep(len(piece) / SLOW_BYTES_PER_SECOND)
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _wait(self) -> None:
        while self._weather == "silent":
            time.sleep(LOOK_SECONDS)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of this size at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(folder: Path, *, but_bytes: int) -> Iterator[None]:
    """The disk of `folder` full but for so much, until the block ends."""
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(folder).free - but_bytes))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def store(folder: Path) -> Iterator[int]:
    """A store whose buckets are folders of `folder`; its port."""
    [port] = free_ports(1)
    environment = {"PATH": os.defpath, "HOME": str(folder), "RCLONE_CONFIG": "/dev/null"}
    environment["RCLONE_AUTH_KEY"] = f'"{ACCESS_KEY},{SECRET_KEY}"'
    command = [object_store.program("rclone"), "serve", "s3", "--addr", f"{LOOPBACK}:{port}", "--buffer-size", "0"]
    command += ["--etag-hash", "", "--no-cleanup", "--vfs-cache-mode", "off", str(folder)]
    marked = environment | {name: value for name, value in os.environ.items() if name == "TUTTI_TEST_RUN"}
    with subprocess.Popen(command, env=marked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers(port):
                assert time.monotonic() < deadline
                time.sleep(LOOK_SECONDS)
            yield port
        finally:
            running.terminate()


def answers(port: int) -> bool:
    """Whether anything listens there."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False
