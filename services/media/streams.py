"""Sending the bytes of a file: exact ranges, one bounded read of the object store at a time, and none while a player pauses.

What the cache holds leaves as a local file: whole by `http.response.pathsend` (the server sends it), a part of it in pieces.
"""

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.media import ranges
from services.media.errors import RangeOutside
from services.media.store import READ_BYTES
from services.media.world import World

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
    """The response for a row of `files.bytes_of`, its first bytes already read, so a dead store is a 503, not half an answer.

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
    asked = request.headers.get("range") if request.method == "GET" else None
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


def content_disposition(kind: str, filename: str) -> str:
    """RFC 6266: a plain name for old clients, the true one beside it.

    >>> content_disposition("attachment", 'Ó "1".mp3')
    'attachment; filename="_ _1_.mp3"; filename*=UTF-8\\'\\'%C3%93%20%221%22.mp3'
    """
    return f"{kind}; filename=\"{UNSAFE_IN_QUOTES.sub('_', filename)}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _body(
    request: Request, file: Mapping[str, Any], world: World, start: int, end: int, status: int, headers: dict[str, str]
) -> Response:
    local = world.cache.find(file)
    is_whole = start == 0 and end == file["file_size"] - 1
    if local and is_whole and PATHSEND in request.scope.get("extensions", {}):
        return LocalFile(local, status, headers)
    if local:
        descriptor = os.open(local, os.O_RDONLY)  # stays readable though the cache lets go of the file

        def read(at: int, length: int) -> bytes:
            return os.pread(descriptor, length, at)

        def over() -> None:
            os.close(descriptor)
    else:

        def read(at: int, length: int) -> bytes:
            return world.store.read(file["bucket"], file["object_key"], start=at, length=length)

        def over() -> None:
            world.cache.want(file)

    try:
        first = read(start, min(READ_BYTES, end - start + 1))
    except BaseException:
        if local:
            over()
        raise
    if len(first) == end - start + 1:
        over()
        return Response(first, status, headers)
    return StreamingResponse(_pieces(first, read, start, end, over), status, headers)


async def _pieces(
    first: bytes, read: Callable[[int, int], bytes], start: int, end: int, over: Callable[[], None]
) -> AsyncIterator[bytes]:
    try:
        yield first
        for at in range(start + len(first), end + 1, READ_BYTES):
            yield await to_thread.run_sync(read, at, min(READ_BYTES, end - at + 1))
    finally:
        over()


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
