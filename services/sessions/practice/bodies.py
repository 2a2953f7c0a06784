"""Large JSON bodies, which the gateway does not hold: received with caps by hand, because this connection stays open for long.

A body waits on disk while it arrives, so that slow senders cost no memory. Only a whole one is read into memory, and only so
many at once: JSON of 90 MB takes about 350 MB while it is parsed and passed on.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from fastapi import Request

from services.sessions.errors import BodyTooLarge, TooManyRecordings
from shared.errors import TooLarge, TooMany
from shared.fastapi_app import reception
from shared.fastapi_app.reception import RETRY_SECONDS, SMALL_BYTES, Arrival, Arrivals, Bounds

ARRIVING = 16  # large bodies on their way at once, of everybody; so many caps' worth of disk
ARRIVING_OF_ONE = 2  # and of one person
WAIT_SECONDS = 5  # for a place in memory; parsing and storing one takes about two


class Place:
    """A place in memory, among so many, for a large body; a small one needs none. It may be left and taken again."""

    def __init__(self, places: asyncio.Semaphore | None, too_many: type[TooMany] = TooManyRecordings) -> None:
        self._places = places
        self._too_many = too_many
        self._is_taken = False

    async def take(self) -> None:
        """Wait for the place. Raises `too_many`."""
        if self._places is None:
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError as reason:
            raise self._too_many(retry_after_seconds=RETRY_SECONDS) from reason
        self._is_taken = True

    def leave(self) -> None:
        """Let somebody else have it; may be repeated."""
        if self._places is not None and self._is_taken:
            self._is_taken = False
            self._places.release()


@dataclass(frozen=True)
class Body:
    """A whole body, on disk where it is large."""

    file: IO[bytes]
    size_bytes: int
    sha256: bytes
    place: Place

    def read(self) -> bytes:
        """All of it."""
        self.file.seek(0)
        return self.file.read()


class Bodies:
    """The large bodies of one kind in one process; one over the cap is `too_large`, one without a place `too_many`."""

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        at_once: int,
        slowest_bytes_per_second: int,
        patience_seconds: float,
        too_large: type[TooLarge] = BodyTooLarge,
        too_many: type[TooMany] = TooManyRecordings,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._too_large = too_large
        self._too_many = too_many
        self._places = asyncio.Semaphore(at_once)
        self._slowest_bytes_per_second = slowest_bytes_per_second
        self._patience_seconds = patience_seconds
        self._arrivals = Arrivals(of_all=ARRIVING, of_one=ARRIVING_OF_ONE, wait_seconds=0, too_many=too_many)

    @asynccontextmanager
    async def received(self, request: Request, *, user_id: UUID) -> AsyncIterator[Body]:
        """The whole body of a request, with a place in memory for as long as the block lasts.

        Raises `too_large`, TooSlow, BodyCutOff, DiskFull, `too_many`.
        """
        bounds = self._bounds()
        declared_bytes = reception.declared_bytes(request, bounds)
        with (
            reception.noticing_full_disk(),  # closing the file writes what is left of it
            tempfile.SpooledTemporaryFile(max_size=SMALL_BYTES, dir=str(self._folder)) as file,
        ):
            async with self._arrivals.place(user_id, declared_bytes) as arrival:
                body = await self._kept(request, file, bounds, arrival)
            try:
                await body.place.take()
                yield body
            finally:
                body.place.leave()

    async def _kept(self, request: Request, file: IO[bytes], bounds: Bounds, arrival: Arrival | None) -> Body:
        digest = hashlib.sha256()

        def write(piece: bytes) -> None:
            digest.update(piece)
            file.write(piece)

        size_bytes = await reception.receive(request, write, bounds, arrival=arrival)
        place = Place(self._places if size_bytes > SMALL_BYTES else None, self._too_many)
        return Body(file, size_bytes, digest.digest(), place)

    def _bounds(self) -> Bounds:
        too_large = self._too_large(max_bytes=self._max_bytes)
        return Bounds(self._max_bytes, too_large, self._slowest_bytes_per_second, self._patience_seconds)
