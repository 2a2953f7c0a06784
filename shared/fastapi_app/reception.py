"""Taking a large body as it arrives: counted, timed, handed on a piece at a time, so memory is the same for any size.

For routes whose bodies the gateway does not hold. Nothing is read before the endpoint asks, so it knows the caller first.
"""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from shared.errors import Invalid, TooLarge, TooMany, TooSlow, Unavailable

PIECE_BYTES = 1024 * 1024  # handed to a thread at once, so that hashing and writing hold up nobody else
SMALL_BYTES = 1024 * 1024  # a body that says it is no larger takes no place among those arriving
RETRY_SECONDS = 5
FAIR_BYTES_PER_SECOND = 256 * 1024  # where others wait for a place: 2 Mbit/s, at which the largest body takes 13 minutes
FAIR_SECONDS = 10  # that a body has to show how fast it comes
LOOK_SECONDS = 1.0  # between two looks at who is slowest
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class BodyCutOff(Invalid):
    """The connection ended before the body did. Send it again."""


class EndedForOthers(TooSlow):
    """Others are waiting to send, and this body came slowest of all. Send it again in a moment, or over a better connection."""


class DiskFull(Unavailable):
    """The disk of this server is full. Nothing was kept; try again later."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a body may be, and how slow: under `bytes_per_second` for `patience_seconds` is too slow.

    `too_large` is raised for one that is larger, in the service's own words.
    """

    at_most: int
    too_large: TooLarge
    bytes_per_second: int
    patience_seconds: float


class Arrival:
    """One large body on its way, with a place: how much of it has come, and since when."""

    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id
        self.is_arriving = True  # until its last byte is here; then nobody ends it any more
        self.scope = CancelScope()
        self._began, self._bytes = time.monotonic(), 0

    def count(self, size_bytes: int) -> None:
        """So many bytes more have come."""
        self._bytes += size_bytes

    def arrived(self) -> None:
        """All of it is here."""
        self.is_arriving = False

    @property
    def seconds(self) -> float:
        """For how long it has had its place."""
        return time.monotonic() - self._began

    @property
    def bytes_per_second(self) -> float:
        """How fast it has come, on the whole."""
        return self._bytes / max(self.seconds, 0.001)


def declared_bytes(request: Request, bounds: Bounds) -> int | None:
    """What Content-Length says, None for a chunked body. Raises `too_large` at once where that is too much already."""
    length = request.headers.get("content-length")
    if length is None:
        return None
    if not length.isascii() or not length.isdigit():
        raise Invalid
    if int(length) > bounds.at_most:
        raise bounds.too_large
    return int(length)


async def receive(
    request: Request,
    write: Callable[[bytes], Any],
    bounds: Bounds,
    *,
    limiter: CapacityLimiter | None = None,
    keep_rest: bool = False,
    arrival: Arrival | None = None,
) -> int:
    """Read the whole body and `write` it, in threads (those of `limiter`); how many bytes it had.

    With `keep_rest`, what has come of a body that breaks off is written too, before it is said. `arrival` is its place.

    Raises `bounds.too_large`, BodyCutOff where the sender leaves, TooSlow, DiskFull, and whatever else `write` raises.
    """
    chunks, pace, writer = aiter(request.stream()), _Pace(bounds), _Writer(write, limiter)
    total = 0
    try:
        while True:
            async with asyncio.timeout(pace.seconds_left()):
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            total += len(chunk)
            pace.count(len(chunk))
            if arrival:
                arrival.count(len(chunk))
            if total > bounds.at_most:
                raise bounds.too_large
            await writer.take(chunk)
        if arrival:
            arrival.arrived()
        await writer.flush()
    except TimeoutError as reason:
        if keep_rest:
            await writer.flush()
        raise TooSlow(at_least_bytes_per_second=bounds.bytes_per_second) from reason
    except ClientDisconnect as reason:
        if keep_rest:
            await writer.flush()
        raise BodyCutOff from reason
    finally:
        await writer.end()
    return total


@contextmanager
def noticing_full_disk() -> Iterator[None]:
    """Raises DiskFull where something cannot be written for want of room."""
    try:
        yield
    except OSError as reason:
        if reason.errno in NO_ROOM:
            raise DiskFull from reason
        raise


class Arrivals:
    """Large bodies on their way at once in one process, bounded: of everybody, and of one person.

    What they take of the disk is so many times the cap. One more waits, unread, for `wait_seconds`. Where all places are
    taken it ends the slowest body that has come slower than FAIR_BYTES_PER_SECOND for FAIR_SECONDS, so that a few who send
    just fast enough keep nobody out.
    """

    def __init__(self, *, of_all: int, of_one: int, wait_seconds: float, too_many: type[TooMany]) -> None:
        self._of_all, self._of_one = of_all, of_one
        self._wait_seconds = wait_seconds
        self._too_many = too_many
        self._arriving: list[Arrival] = []
        self._left = asyncio.Event()  # set, and replaced, whenever one leaves

    @asynccontextmanager
    async def place(self, user_id: UUID, declared_bytes: int | None) -> AsyncIterator[Arrival | None]:
        """Room for one body for as long as the block lasts; a small one needs none. Raises `too_many`, EndedForOthers."""
        if declared_bytes is not None and declared_bytes <= SMALL_BYTES:
            yield None
            return
        arrival = await self._enter(user_id)
        try:
            with arrival.scope:
                yield arrival
        finally:
            self._leave(arrival)
        if arrival.scope.cancelled_caught:
            raise EndedForOthers(fair_bytes_per_second=FAIR_BYTES_PER_SECOND)

    async def _enter(self, user_id: UUID) -> Arrival:
        try:
            async with asyncio.timeout(self._wait_seconds):
                has_ended_one = False
                while self._is_full(user_id):
                    has_ended_one = has_ended_one or self._end_slowest(user_id)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._left.wait(), LOOK_SECONDS)
        except TimeoutError as reason:
            raise self._too_many(retry_after_seconds=RETRY_SECONDS) from reason
        arrival = Arrival(user_id)
        self._arriving.append(arrival)
        return arrival

    def _is_full(self, user_id: UUID) -> bool:
        return self._of_user(user_id) >= self._of_one or len(self._arriving) >= self._of_all

    def _of_user(self, user_id: UUID) -> int:
        return sum(each.user_id == user_id for each in self._arriving)

    def _end_slowest(self, user_id: UUID) -> bool:
        """Make room for this person, whether or not there was somebody to end."""
        if self._of_user(user_id) >= self._of_one:
            return False  # their own bodies are in their way, not others'
        slow = [
            each
            for each in self._arriving
            if each.is_arriving
            and each.seconds >= FAIR_SECONDS
            and each.bytes_per_second < FAIR_BYTES_PER_SECOND
            and not each.scope.cancel_called
        ]
        if not slow:
            return False
        min(slow, key=lambda each: each.bytes_per_second).scope.cancel()
        return True

    def _leave(self, arrival: Arrival) -> None:
        self._arriving.remove(arrival)
        self._left.set()
        self._left = asyncio.Event()


class _Writer:
    """Collects pieces, and writes one in a thread while the next is being received."""

    def __init__(self, write: Callable[[bytes], Any], limiter: CapacityLimiter | None) -> None:
        self._write, self._limiter = write, limiter
        self._piece = bytearray()
        self._writing: asyncio.Task[Any] | None = None

    async def take(self, chunk: bytes) -> None:
        """The next bytes. Raises what an earlier write raised."""
        self._piece += chunk
        if len(self._piece) >= PIECE_BYTES:
            await self.flush(wait=False)

    async def flush(self, *, wait: bool = True) -> None:
        """Write what has come; with `wait`, until it is written."""
        await self._written()
        if self._piece:
            piece, self._piece = bytes(self._piece), bytearray()
            self._writing = asyncio.create_task(to_thread.run_sync(self._write, piece, limiter=self._limiter))
        if wait:
            await self._written()

    async def end(self) -> None:
        """Let a write that is under way finish, whatever comes of it: its file is about to be removed."""
        if self._writing:
            with CancelScope(shield=True):
                await asyncio.wait([self._writing])
            self._writing.exception()

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            with noticing_full_disk():
                await writing


class _Pace:
    """Whether enough has come in the present window; each window with enough begins the next one."""

    def __init__(self, bounds: Bounds) -> None:
        self._window_seconds = bounds.patience_seconds
        self._enough_bytes = bounds.bytes_per_second * bounds.patience_seconds
        self._begin()

    def count(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        if self._bytes >= self._enough_bytes:
            self._begin()

    def seconds_left(self) -> float:
        return max(0.0, self._ends_at - asyncio.get_running_loop().time())

    def _begin(self) -> None:
        self._bytes = 0
        self._ends_at = asyncio.get_running_loop().time() + self._window_seconds
