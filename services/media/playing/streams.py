"""Sending the bytes of a file: exact ranges, one bounded read of the object store at a time, and none while a player pauses.

What the cache holds leaves as a local file: whole by `http.response.pathsend` (the server sends it), a part of it in pieces.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from anyio import to_thread
from fastapi import Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.media.errors import RangeOutside
from services.media.playing import ranges
from services.media.store import READ_BYTES
from services.media.world import World

Headers = Mapping[str, str]

PIECE_BYTES = 32 * 1024  # handed to the server at once: it queues several for a player that pauses
SHORT_BYTES = 128 * 1024  # of a local file: read where the request is served, faster than a thread is woken
FIRST_BYTES = 256 * 1024  # read at first, twice as much each time: many players begin at once, and few take all of it
PAUSED_SECONDS = 1.0  # that nothing was taken of a piece: whoever listens has enough for now
PATHSEND = "http.response.pathsend"
UNSAFE_IN_QUOTES = re.compile(r"[^A-Za-z0-9 ._()&+-]")

# The bytes come from users: they are only ever audio, never a page, a script or a frame.
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
}


def answer(
    request: Request,
    file: Mapping[str, Any],
    world: World,
    *,
    disposition: str = "inline",
    resources: str = "same-site",
    listener: UUID | None = None,
) -> Response:
    """The response for a row of `files.bytes_of`. `listener`, if not its owner, is whose streams it counts among.

    `resources` is the Cross-Origin-Resource-Policy: addresses that carry their own right are for pages of any origin.
    """
    size, etag = file["file_size"], f'"{file["sha256"]}"'
    headers = SAFE_HEADERS | {
        "ETag": etag,
        "Last-Modified": ranges.http_date(file["created_at"]),
        "Accept-Ranges": "bytes",
        "Cross-Origin-Resource-Policy": resources,
        "Content-Disposition": content_disposition(disposition, file["filename"]),
    }
    if ranges.is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    # By POST too, as players of OpenSubsonic ask that send forms (`formPost`).
    asked = request.headers.get("range") if request.method != "HEAD" else None
    if not ranges.still_holds(request.headers.get("if-range"), etag, file["created_at"]):
        asked = None
    try:
        span = ranges.wanted(asked, size)
    except RangeOutside as reason:
        reason.headers = {"Content-Range": f"bytes */{size}", **SAFE_HEADERS}
        raise
    start, end = span or (0, size - 1)
    headers |= {"Content-Type": file["mime_type"], "Content-Length": str(end - start + 1)}
    headers |= {"Content-Range": f"bytes {start}-{end}/{size}"} if span else {}
    status = 206 if span else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return _body(request, file, world, listener or file["user_id"], (start, end), status, headers)


def twin(file: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with the bytes that play best: what a browser recorded without a duration has a twin that seeks."""
    if file["playable_key"] is None:
        return file
    its_bytes = {"object_key": file["playable_key"], "file_size": file["playable_size"], "sha256": file["playable_sha256"]}
    return {**file, **its_bytes}


def content_disposition(kind: str, filename: str) -> str:
    """RFC 6266: a plain name for old clients, the true one beside it, in lower case: so Sinuzoid's client looks for it.

    >>> content_disposition("attachment", 'Ó "1".mp3')
    'attachment; filename="_ _1_.mp3"; filename*=utf-8\\'\\'%C3%93%20%221%22.mp3'
    """
    return f"{kind}; filename=\"{UNSAFE_IN_QUOTES.sub('_', filename)}\"; filename*=utf-8''{quote(filename, safe='')}"


def _body(
    request: Request,
    file: Mapping[str, Any],
    world: World,
    listener: UUID,
    span: tuple[int, int],
    status: int,
    headers: Headers,
) -> Response:
    start, end = span
    length = end - start + 1
    local = world.cache.find(file) if length == file["file_size"] else None
    if local and PATHSEND in request.scope.get("extensions", {}):
        return LocalFile(local, status, headers)
    if length > READ_BYTES:
        return Pieces(file, world, listener, span, status, headers)
    return Span(file, world, span, status, headers)


class Span(Response):
    """A span that one read brings, of the local copy where there is one, else of the object store.

    It is read when it is sent: a thread for every range cost more than reading 64 KiB that the kernel holds.
    """

    def __init__(self, file: Mapping[str, Any], world: World, span: tuple[int, int], status: int, headers: Headers) -> None:
        super().__init__(None, status, headers)
        self._file, self._world = file, world
        self._start, self._length = span[0], span[1] - span[0] + 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises StoreUnavailable, BytesLost."""
        is_short = self._length <= SHORT_BYTES
        local = self._read_local() if is_short else await to_thread.run_sync(self._read_local)
        self.body = await to_thread.run_sync(self._read_stored) if local is None else local
        await super().__call__(scope, receive, send)

    def _read_local(self) -> bytes | None:
        descriptor = _opened(self._world.cache.find(self._file))
        if descriptor is None:
            return None
        try:
            return os.pread(descriptor, self._length, self._start)
        finally:
            os.close(descriptor)

    def _read_stored(self) -> bytes:
        its = self._file
        found = self._world.store.read(its["bucket"], its["object_key"], start=self._start, length=self._length)
        self._world.cache.want(its)
        return found


class Pieces(StreamingResponse):
    """A long span, one bounded read at a time: of the local copy where there is one, else of the object store.

    What it opens it opens and closes while it is being sent, however that ends. Its first piece is read before anything is
    sent, so a dead store is a 503, not half an answer. A player that pauses holds a piece, not a read: what was read ahead for
    it is let go after a second, and read again when it goes on, less of it at first.
    """

    def __init__(
        self, file: Mapping[str, Any], world: World, listener: UUID, span: tuple[int, int], status: int, headers: Headers
    ) -> None:
        super().__init__((), status, headers)
        self._file, self._world, self._listener = file, world, listener
        self._start, self._end = span
        self._held = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises TooManyStreams, StoreUnavailable."""
        with ExitStack() as at_the_end:
            at_the_end.enter_context(self._world.streaming.one(self._listener))
            descriptor, read = _opened(self._world.cache.find(self._file)), self._read_stored
            if descriptor is not None:
                at_the_end.callback(os.close, descriptor)
                read = partial(_read_local, descriptor)
            most = READ_BYTES if descriptor is None else PIECE_BYTES
            self._held = await to_thread.run_sync(read, self._start, min(most, FIRST_BYTES, self._end - self._start + 1))
            if descriptor is None:
                at_the_end.callback(self._world.cache.want, self._file)
            self.body_iterator = self._pieces(read, most)
            await super().__call__(scope, receive, send)

    async def _pieces(self, read: Callable[[int, int], bytes], most: int) -> AsyncIterator[bytes]:
        at = begun = self._start
        ahead, loop = min(most, FIRST_BYTES), asyncio.get_running_loop()
        while at <= self._end:
            if at - begun >= len(self._held):
                ahead = min(most, 2 * ahead if self._held else PIECE_BYTES)
                begun, self._held = at, b""
                self._held = await to_thread.run_sync(read, at, min(ahead, self._end - at + 1))
            piece = self._held[at - begun : at - begun + PIECE_BYTES]
            at += len(piece)
            pausing = loop.call_later(PAUSED_SECONDS, self._let_go)
            yield piece
            pausing.cancel()

    def _let_go(self) -> None:
        self._held = b""

    def _read_stored(self, at: int, length: int) -> bytes:
        return self._world.store.read(self._file["bucket"], self._file["object_key"], start=at, length=length)


def _opened(local: Path | None) -> int | None:
    """A descriptor stays readable though the cache lets go of the file; None where it already has."""
    with suppress(FileNotFoundError):
        return None if local is None else os.open(local, os.O_RDONLY)
    return None


def _read_local(descriptor: int, at: int, length: int) -> bytes:
    return os.pread(descriptor, length, at)


class LocalFile(Response):
    """A whole local file, handed to the server by its path. Starlette's own does this for status 200 alone."""

    def __init__(self, path: Path, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(None, status, headers)
        self._path = str(path)
        self.background: BackgroundTask | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": PATHSEND, "path": self._path})
