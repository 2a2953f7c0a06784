"""Sending the bytes of a file: exact ranges, one bounded read of the object store at a time, and none while a player pauses.

What the cache holds leaves as a local file: whole by `http.response.pathsend` (the server sends it), a part of it in pieces.
"""

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.media.errors import RangeOutside
from services.media.playing import ranges
from services.media.store import READ_BYTES
from services.media.world import World

PIECE_BYTES = 256 * 1024  # handed to the server at once: it queues several for a player that pauses
PATHSEND = "http.response.pathsend"
UNSAFE_IN_QUOTES = re.compile(r"[^A-Za-z0-9 ._()&+-]")

# The bytes come from users: they are only ever audio, never a page, a script or a frame.
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
}


def answer(
    request: Request, file: Mapping[str, Any], world: World, *, disposition: str = "inline", resources: str = "same-site"
) -> Response:
    """The response for a row of `files.bytes_of`.

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
    return _body(request, file, world, start, end, status, headers)


def twin(file: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with the bytes that play best: what a browser recorded without a duration has a twin that seeks."""
    if file["playable_key"] is None:
        return file
    its_bytes = {"object_key": file["playable_key"], "file_size": file["playable_size"], "sha256": file["playable_sha256"]}
    return {**file, **its_bytes}


def content_disposition(kind: str, filename: str) -> str:
    """RFC 6266: a plain name for old clients, the true one beside it.

    >>> content_disposition("attachment", 'Ó "1".mp3')
    'attachment; filename="_ _1_.mp3"; filename*=UTF-8\\'\\'%C3%93%20%221%22.mp3'
    """
    return f"{kind}; filename=\"{UNSAFE_IN_QUOTES.sub('_', filename)}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _body(
    request: Request, file: Mapping[str, Any], world: World, start: int, end: int, status: int, headers: dict[str, str]
) -> Response:
    local, length = world.cache.find(file), end - start + 1
    if local and length == file["file_size"] and PATHSEND in request.scope.get("extensions", {}):
        return LocalFile(local, status, headers)
    if length > READ_BYTES:
        return Pieces(file, world, start, end, status, headers)
    if local:
        with suppress(FileNotFoundError), local.open("rb") as copy:
            return Response(os.pread(copy.fileno(), length, start), status, headers)
    content = world.store.read(file["bucket"], file["object_key"], start=start, length=length)
    world.cache.want(file)
    return Response(content, status, headers)


class Pieces(StreamingResponse):
    """A long span, one bounded read at a time: of the local copy where there is one, else of the object store.

    What it opens it opens and closes while it is being sent, however that ends. Its first piece is read before anything is
    sent, so a dead store is a 503, not half an answer.
    """

    def __init__(
        self, file: Mapping[str, Any], world: World, start: int, end: int, status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__((), status, headers)
        self._file, self._world = file, world
        self._start, self._end = start, end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with ExitStack() as at_the_end:
            descriptor, read = _opened(self._world.cache.find(self._file)), self._read_stored
            if descriptor is not None:
                at_the_end.callback(os.close, descriptor)
                read = partial(_read_local, descriptor)
            step = READ_BYTES if descriptor is None else PIECE_BYTES
            first = await to_thread.run_sync(read, self._start, min(step, self._end - self._start + 1))
            if descriptor is None:
                at_the_end.callback(self._world.cache.want, self._file)
            self.body_iterator = self._pieces(first, read, step)
            del first
            await super().__call__(scope, receive, send)

    async def _pieces(self, held: bytes, read: Callable[[int, int], bytes], step: int) -> AsyncIterator[bytes]:
        at = self._start
        while True:
            for begin in range(0, len(held), PIECE_BYTES):
                yield held[begin : begin + PIECE_BYTES]
            at += len(held)
            if at > self._end:
                return
            held = await to_thread.run_sync(read, at, min(step, self._end - at + 1))

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
