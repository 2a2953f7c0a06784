"""Taking a large body as it arrives: counted, timed, handed on a piece at a time, so memory is the same for any size.

For routes whose bodies the gateway does not hold. Nothing is read before the endpoint asks, so it knows the caller first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anyio import CancelScope, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from shared.errors import Invalid, TooLarge, TooSlow

PIECE_BYTES = 1024 * 1024  # handed to a thread at once, so that hashing and writing hold up nobody else


class BodyCutOff(Invalid):
    """The connection ended before the body did. Send it again."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a body may be, and how slow: under `bytes_per_second` for `patience_seconds` is too slow.

    `too_large` is raised for one that is larger, in the service's own words.
    """

    at_most: int
    too_large: TooLarge
    bytes_per_second: int
    patience_seconds: float


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


async def receive(request: Request, write: Callable[[bytes], Any], bounds: Bounds) -> int:
    """Read the whole body and `write` it, in threads; how many bytes it had.

    Raises `bounds.too_large`, BodyCutOff where the sender leaves, TooSlow, and whatever `write` raises.
    """
    chunks, pace, writer = aiter(request.stream()), _Pace(bounds), _Writer(write)
    total = 0
    try:
        while True:
            async with asyncio.timeout(pace.seconds_left()):
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            total += len(chunk)
            pace.count(len(chunk))
            if total > bounds.at_most:
                raise bounds.too_large
            await writer.take(chunk)
        await writer.flush()
    except TimeoutError as reason:
        raise TooSlow(at_least_bytes_per_second=bounds.bytes_per_second) from reason
    except ClientDisconnect as reason:
        raise BodyCutOff from reason
    finally:
        await writer.end()
    return total


class _Writer:
    """Collects pieces, and writes one in a thread while the next is being received."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        self._write = write
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
            self._writing = asyncio.create_task(to_thread.run_sync(self._write, piece))
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
