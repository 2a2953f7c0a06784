"""Having a child process do what is not safe here: parsing what people send. Its crash and its limits are answers too."""

import os
import select
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from shared import json, services
from shared.confinement import MEMORY_BYTES
from shared.errors import Unavailable
from shared.logs import log

MAX_ANSWER_BYTES = 1024 * 1024
GRACE_SECONDS = 5  # that the nursery may be late with the end of a child
READ_BYTES = 64 * 1024
MIB = 1024 * 1024
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}  # no secret; and no thread, which a child may not have
CLOSED = -1  # instead of a descriptor, whose number is somebody else's by then


class ChildFailed(Exception):
    """The child crashed or met its limits: what it was asked about is too much for it."""


class ParsersDown(Unavailable):
    """Files cannot be looked at just now. Try again in a moment."""


class TookTooLong(Unavailable):
    """This took too long just now. Try again in a moment."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use. `write_bytes` is of one file, `memory_bytes` address space with the libraries it shares.

    Too much of the processor tells of what it works on, too much time of this machine: `wall_seconds` are far more where
    somebody's file depends on it.
    """

    wall_seconds: int
    cpu_seconds: int
    write_bytes: int = 16 * MIB
    memory_bytes: int = MEMORY_BYTES
    nice: int = 0


class Gone(Exception):
    """The nursery ended before the child did."""


class Child:
    """One child at work. With `pipe`, it writes there too; the child ends when nobody reads that any more."""

    def __init__(self, nursery: "Nursery", command: str, limits: Limits, *, pipe: int | None, facts: dict[str, Any]) -> None:
        self._until = time.monotonic() + limits.wall_seconds + GRACE_SECONDS
        self._command = command
        self._answer, its_end = os.pipe()
        try:
            order = json.dumps({"command": command, "facts": facts, **asdict(limits)})
            nursery.order(order, [its_end] if pipe is None else [its_end, pipe])
        except BaseException:
            os.close(self._answer)
            raise
        finally:
            os.close(its_end)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen to it no more; where it is still at work, that ends it."""
        if self._answer != CLOSED:
            os.close(self._answer)
            self._answer = CLOSED

    def answer(self) -> dict[str, Any]:
        """What it said, once it has ended. Raises ChildFailed, TookTooLong, Gone."""
        said, _, status = self._all().rpartition(b"\n")
        if not status:
            raise Gone
        if status != b"0":
            words = {"command": self._command, "status": status.decode(), "said": said[-300:].decode(errors="replace")}
            log(__name__).warning("child.failed", **words)
            if status == b"took too long":
                raise TookTooLong
            raise ChildFailed("the parser gave up")
        answer: dict[str, Any] = json.loads(said)
        return answer

    def _all(self) -> bytes:
        kept, ready = bytearray(), select.poll()
        ready.register(self._answer)
        while (left := self._until - time.monotonic()) > 0:
            if not ready.poll(left * 1000):
                break
            piece = os.read(self._answer, READ_BYTES)
            if not piece:
                return bytes(kept)
            kept += piece
            if len(kept) > MAX_ANSWER_BYTES:
                raise ChildFailed("it says too much")
        raise TookTooLong


class Nursery:
    """The process that children are born of; started when it is needed, again where it has ended.

    `commands` is the module whose COMMANDS its children know: a table of functions by name, each from facts to a JSON object.
    """

    def __init__(self, commands: str) -> None:
        self._commands = commands
        self._lock = threading.Lock()
        self._orders: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, command: str, limits: Limits, **facts: Any) -> dict[str, Any]:
        """What a child says of one thing. Raises ChildFailed; where that says nothing of it, TookTooLong, ParsersDown."""
        for _ in range(2):  # the nursery may have ended of itself just as it was asked
            try:
                with self.child(command, limits, **facts) as child:
                    return child.answer()
            except Gone:
                continue
        raise ParsersDown

    def child(self, command: str, limits: Limits, *, pipe: int | None = None, **facts: Any) -> Child:
        """A child at work, to be listened to and closed. Raises ParsersDown."""
        return Child(self, command, limits, pipe=pipe, facts=facts)

    @property
    def pid(self) -> int | None:
        """Of the process itself, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def order(self, message: bytes, pipes: list[int]) -> None:
        """Have a child born. Raises ParsersDown."""
        with self._lock:
            for _ in range(2):
                try:
                    socket.send_fds(self._orders or self._start(), [message], pipes)
                    return
                except OSError:  # it has ended; or this machine has no room for it
                    self._end()
        raise ParsersDown

    def _start(self) -> socket.socket:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._orders = mine  # which _end closes, also where nothing starts
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-m", "shared.nursery", self._commands, str(its.fileno())],
                cwd=services.ROOT,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
            )
        return mine

    def _end(self) -> None:
        if self._orders:
            self._orders.close()
        if self._process:
            self._process.wait()  # its socket is closed, so it ends
        self._orders = self._process = None
