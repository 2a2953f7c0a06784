"""The process that children are born of: `python -m shared.nursery COMMANDS SOCKET`.

It has loaded the module of the commands, and with it the parsers, so that a child costs a fork (5 ms) and no start (150 ms);
it never opens a file itself. Each order that arrives on its socket, with the pipe that its answer goes to, is one child:
confined, killed when its time is over or nobody listens to it any more, and gone after one file. What a child says is one
JSON object; the line after it is the nursery's own word on how the child ended.

It is started with an empty environment, so no child sees a secret; it leaves the network before the first of them, and it ends
when its parent does, or after a minute without an order.
"""

import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared import confinement

IDLE_SECONDS = 60
MAX_ORDER_BYTES = 64 * 1024
MAX_PIPES = 2  # the answer's, and the one that a stream is written to
POLL_SECONDS = 1.0

Commands = Mapping[str, Callable[..., dict[str, Any]]]


@dataclass(frozen=True)
class Child:
    """One file's process; `pidfd` is readable once it has ended."""

    pid: int
    pidfd: int
    answer: int
    until: float


class Nursery:
    """The children of one parent."""

    def __init__(self, commands: Commands, orders: socket.socket) -> None:
        self._commands = commands
        self._orders = orders
        self._children: dict[int, Child] = {}
        self._watch = select.poll()
        self._watch.register(orders, select.POLLIN)
        self._idle_since = time.monotonic()

    def run(self) -> None:
        """Take orders until the parent is gone, or asks for nothing any more."""
        while self._children or time.monotonic() - self._idle_since < IDLE_SECONDS:
            ready = {fd for fd, _ in self._watch.poll(POLL_SECONDS * 1000)}
            for child in list(self._children.values()):  # first: an order brings pipes, which may have their numbers
                if child.pidfd in ready:
                    self._bury(child)
                elif child.answer in ready:
                    self._kill(child)
                elif time.monotonic() > child.until:
                    self._kill(child, "took too long")
            if self._orders.fileno() in ready and not self._take_order():
                return

    def end(self) -> None:
        """Nobody is left behind."""
        for child in list(self._children.values()):
            self._kill(child)

    def _take_order(self) -> bool:
        message, pipes, flags, _ = socket.recv_fds(self._orders, MAX_ORDER_BYTES, MAX_PIPES)
        if not message:
            return False
        is_born = not flags & socket.MSG_CTRUNC and self._bear(json.loads(message), pipes)
        for each in pipes[1:] if is_born else pipes:  # without a child they end without a word, and whoever asked asks again
            os.close(each)
        return True

    def _bear(self, order: dict[str, Any], pipes: list[int]) -> bool:
        """Whether this machine had room for one more; those that are at work stay so in any case."""
        try:
            pid = os.fork()
        except OSError:
            return False
        if pid == 0:
            _live(self._commands, order, pipes, [self._orders.fileno(), *(each.answer for each in self._children.values())])
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return False
        self._children[pidfd] = Child(pid, pidfd, pipes[0], time.monotonic() + order["wall_seconds"])
        self._watch.register(pidfd, select.POLLIN)
        self._watch.register(pipes[0], 0)  # which leaves the error of a pipe that nobody reads
        return True

    def _kill(self, child: Child, word: str = "") -> None:
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        self._bury(child, word)

    def _bury(self, child: Child, word: str = "") -> None:
        for each in (child.answer, child.pidfd):
            self._watch.unregister(each)
        del self._children[child.pidfd]
        _, status = os.waitpid(child.pid, 0)
        with suppress(OSError):  # nobody listens any more
            os.write(child.answer, f"\n{word or os.waitstatus_to_exitcode(status)}".encode())
        for each in (child.answer, child.pidfd):
            os.close(each)
        self._idle_since = time.monotonic()


def _live(commands: Commands, order: dict[str, Any], pipes: list[int], not_mine: list[int]) -> None:
    """A child's whole life; it does not return."""
    status = 1
    try:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads no more ends it
        for each in not_mine:
            os.close(each)
        os.nice(order["nice"])
        confinement.limit(**{name: order[name] for name in ("cpu_seconds", "write_bytes", "memory_bytes")})
        facts = order["facts"] | ({"pipe": pipes[1]} if pipes[1:] else {})
        said = json.dumps(commands[order["command"]](**facts)).encode()
        with os.fdopen(pipes[0], "wb") as answer:
            answer.write(said)
        status = 0
    except BaseException as reason:
        os.write(pipes[0], json.dumps({"failed": repr(reason)[:300]}).encode())
    finally:
        os._exit(status)


if __name__ == "__main__":
    confinement.leave_the_network()
    nursery = Nursery(importlib.import_module(sys.argv[1]).COMMANDS, socket.socket(fileno=int(sys.argv[2])))
    try:
        nursery.run()
    finally:
        nursery.end()
