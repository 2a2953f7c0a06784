"""Large JSON bodies, which the gateway does not hold: received with caps by hand, because this connection stays open for long.

A body waits on disk while it arrives, so that slow senders cost no memory. Only a whole one is read into memory, and only so
many at once: JSON of 90 MB takes about 350 MB while it is parsed and passed on.
"""

import asyncio
import hashlib
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from services.sessions.errors import BodyCutOff, BodyTooLarge, TooManyRecordings
from shared.errors import TooSlow

IN_MEMORY_BYTES = 1024 * 1024  # what is smaller, as every session without a recording is, counts as no large body
ARRIVING = 16  # large bodies on their way at once, of everybody; so many caps' worth of disk
ARRIVING_OF_ONE = 2  # and of one person
WAIT_SECONDS = 5  # for a place in memory; parsing and storing one takes about two
RETRY_SECONDS = 5


@dataclass(frozen=True)
class Body:
    """A whole body, on disk where it is large."""

    file: IO[bytes]
    size_bytes: int
    sha256: bytes

    def read(self) -> bytes:
        """All of it."""
        self.file.seek(0)
        return self.file.read()


class Bodies:
    """The large bodies of one process."""

    def __init__(
        self, folder: Path, *, max_bytes: int, at_once: int, slowest_bytes_per_second: int, patience_seconds: float
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._places = asyncio.Semaphore(at_once)
        self._patience_seconds = patience_seconds
        self._least_bytes = int(slowest_bytes_per_second * patience_seconds)
        self._arriving: Counter[UUID] = Counter()

    @asynccontextmanager
    async def received(self, request: Request, *, user_id: UUID) -> AsyncIterator[Body]:
        """The whole body of a request, with a place in memory for as long as the block lasts.

        Raises BodyTooLarge, TooSlow, BodyCutOff, TooManyRecordings.
        """
        declared_bytes = int(request.headers.get("content-length") or 0)
        if declared_bytes > self._max_bytes:
            raise BodyTooLarge(max_bytes=self._max_bytes)
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(self._folder)) as file:
            with self._counted(user_id, is_large=declared_bytes > IN_MEMORY_BYTES or not declared_bytes):
                body = await self._kept(request, file)
            if body.size_bytes <= IN_MEMORY_BYTES:
                yield body
                return
            async with self._place():
                yield body

    async def _kept(self, request: Request, file: IO[bytes]) -> Body:
        size_bytes, digest = 0, hashlib.sha256()
        async for chunk in self._chunks(request):
            size_bytes += len(chunk)
            if size_bytes > self._max_bytes:
                raise BodyTooLarge(max_bytes=self._max_bytes)
            digest.update(chunk)
            await run_in_threadpool(file.write, chunk)
        return Body(file, size_bytes, digest.digest())

    async def _chunks(self, request: Request) -> AsyncIterator[bytes]:
        """The body in pieces of up to 1 MiB. Each stretch of patience must bring its share of bytes, or it is TooSlow."""
        stream, held = request.stream(), bytearray()
        clock = asyncio.get_running_loop().time
        ends, share_bytes = clock() + self._patience_seconds, 0
        coming = asyncio.ensure_future(anext(stream, None))
        try:
            while True:
                await asyncio.wait({coming}, timeout=max(0.0, ends - clock()))
                if coming.done():
                    chunk = coming.result()
                    if chunk is None:
                        break
                    share_bytes += len(chunk)
                    held += chunk
                    coming = asyncio.ensure_future(anext(stream, None))
                if len(held) >= IN_MEMORY_BYTES:
                    yield bytes(held)
                    held.clear()
                if clock() >= ends:
                    if share_bytes < self._least_bytes:
                        raise TooSlow(slowest_bytes_per_second=round(self._least_bytes / self._patience_seconds))
                    ends, share_bytes = clock() + self._patience_seconds, 0
        except ClientDisconnect as reason:
            raise BodyCutOff from reason
        finally:
            coming.cancel()
        yield bytes(held)

    @contextmanager
    def _counted(self, user_id: UUID, *, is_large: bool) -> Iterator[None]:
        if not is_large:
            yield
            return
        if self._arriving[user_id] >= ARRIVING_OF_ONE or self._arriving.total() >= ARRIVING:
            raise TooManyRecordings(retry_after_seconds=RETRY_SECONDS)
        self._arriving[user_id] += 1
        try:
            yield
        finally:
            self._arriving[user_id] -= 1
            self._arriving += Counter()  # drops whoever is at none

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError as reason:
            raise TooManyRecordings(retry_after_seconds=RETRY_SECONDS) from reason
        try:
            yield
        finally:
            self._places.release()
