"""Child processes that stay up: each in its own process group, watched, restarted when it ends, and stopped in good order.

Everything runs on one event loop in the main thread. That matters on Linux: a child asks to be killed when its parent dies
(PDEATHSIG), and the kernel takes "parent" to mean the thread that forked it.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.logs import Logs

ROOT = Path(__file__).resolve().parent.parent
RESTART_DELAYS_SECONDS = (
    0,
    1,
    2,
    4,
    8,
)  # at once, because most deaths are single; then slower, so that a crash loop leaves the CPU alone
STEADY_SECONDS = 30  # a process that lived this long has recovered, and its next death is a first one
LAST_WORDS_SECONDS = 1  # for what is still in a pipe once its writer has ended
READ_BYTES = 65_536  # what a pipe holds on Linux
PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>

_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


async def _nothing() -> None:
    """What a process needs done before it starts, when that is nothing."""


@dataclass
class Process:
    """One command that is to be running. `heal` is awaited before every start; it clears what a killed predecessor left."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    port: int | None = None
    heal: Callable[[], Awaitable[None]] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 25  # a service drains for 1.5 s and is given 15 s for what is in flight
    orphan_signal: signal.Signals = signal.SIGKILL  # what it gets when this supervisor is killed
    folder: Path = ROOT
    user: str | None = None
    group: int | None = None
    files: Sequence[int] = ()  # descriptors that it inherits
    child: subprocess.Popen[bytes] | None = None
    tried_at: float = 0.0  # when it was last started, or was to be; of the monotonic clock
    fault: str = ""  # why it could not be started the last time
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    swept: bool = True  # nothing of its group is left

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self.child is not None and not self.ended.is_set()

    @property
    def fate(self) -> str:
        """What became of it, once it does not run."""
        if self.fault or self.child is None:
            return f"did not start: {self.fault}"
        return f"ended ({_ending(self.child.returncode)})"


class Supervisor:
    """Keeps processes running until `stop`. `changed` is called after every start, with all of them."""

    def __init__(self, logs: Logs, changed: Callable[[Sequence[Process]], None]) -> None:
        self.processes: list[Process] = []
        self._logs, self._changed = logs, changed
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._readers: set[asyncio.Task[None]] = set()
        self._asked: set[str] = set()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._notice_ends)

    async def start(self, process: Process) -> None:
        """Start `process` and keep it running from now on. Returns once it is started, not once it is ready.

        One that cannot be started is tried again, like one that died.
        """
        self.processes.append(process)
        await self._try(process)
        self._watchers[process.name] = asyncio.create_task(self._watch(process))

    async def run(self, process: Process) -> int:
        """Run `process` to its end and return its exit status. It is ended with the supervisor, like any other."""
        self.processes.append(process)
        try:
            await self._spawn(process)
            await process.ended.wait()
        finally:
            await self._end(process)
            self.processes.remove(process)
        assert process.child is not None
        return process.child.returncode

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the main process of `name`; nothing happens if it is between two lives."""
        for process in self.processes:
            if process.name == name and process.running and process.child:
                process.child.send_signal(number)

    def restart(self, name: str) -> None:
        """Tell `name` to end, and start it again at once: a death by our own wish is no sign of a crash loop."""
        self._asked.add(name)
        self.signal(name, signal.SIGTERM)

    async def stop(self, *groups: Sequence[str]) -> None:
        """End processes group by group, those of one group together, each by its own signal and, after its time, by SIGKILL."""
        for watcher in self._watchers.values():
            watcher.cancel()
        for names in groups:
            await asyncio.gather(*(self._end(process) for process in self.processes if process.name in names))
        if self._readers:
            await asyncio.wait(self._readers, timeout=LAST_WORDS_SECONDS)

    def kill(self) -> None:
        """End everything at once."""
        for process in self.processes:
            _kill_group(process)

    async def _try(self, process: Process) -> None:
        """Start `process`; where that fails, for whatever reason, it counts as ended, so that its watcher tries again."""
        process.tried_at, process.fault = time.monotonic(), ""
        try:
            await process.heal()
            await self._spawn(process)
        except Exception as reason:  # a full disk, no memory, a program that is being replaced: nobody else would see it
            if process.running:
                self._logs.write("tutti", f"{process.name} runs, and yet: {reason}")
                return
            process.fault = str(reason) or repr(reason)
            process.ended.set()

    async def _spawn(self, process: Process) -> None:
        reading, writing = os.pipe()
        try:
            process.child = subprocess.Popen(
                process.command,
                env=dict(process.environment),
                cwd=process.folder,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                user=process.user,
                group=process.group,
                extra_groups=[] if process.user else None,
                pass_fds=process.files,
                preexec_fn=_die_with_parent(process.orphan_signal),
            )
        except Exception:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        process.swept = False
        process.ended.clear()  # only now: until there is a child, nothing would ever set it again
        reader = asyncio.create_task(self._read(process.name, reading))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        self._notice_ends()
        self._changed(self.processes)

    async def _read(self, name: str, descriptor: int) -> None:
        stream = asyncio.StreamReader()
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        rest = b""
        try:
            while block := await stream.read(READ_BYTES):
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    self._logs.write(name, line.decode(errors="replace"))
        finally:
            if rest:
                self._logs.write(name, rest.decode(errors="replace"))
            transport.close()

    async def _watch(self, process: Process) -> None:
        deaths = 0
        while True:
            await process.ended.wait()
            _kill_group(process)
            if process.name in self._asked or time.monotonic() - process.tried_at > STEADY_SECONDS:
                deaths = 0
            self._asked.discard(process.name)
            delay = RESTART_DELAYS_SECONDS[min(deaths, len(RESTART_DELAYS_SECONDS) - 1)]
            deaths += 1
            self._logs.write("tutti", f"{process.name} {process.fate}; {f'again in {delay} s' if delay else 'again now'}")
            await asyncio.sleep(delay)
            await self._try(process)

    async def _end(self, process: Process) -> None:
        if process.running and process.child:
            process.child.send_signal(process.stop_signal)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.ended.wait(), process.stop_seconds)
        _kill_group(process)

    def _notice_ends(self) -> None:
        for process in self.processes:
            if process.child is not None and process.child.poll() is not None:
                process.ended.set()


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    if _prctl is None:
        return None
    prctl, value = _prctl, int(number)
    return lambda: prctl(PR_SET_PDEATHSIG, value)


def _kill_group(process: Process) -> None:
    """End the process and whatever it started, once: with its last member, the group's number is free for a stranger."""
    if process.child is not None and not process.swept:
        process.swept = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.child.pid, signal.SIGKILL)


def _ending(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
