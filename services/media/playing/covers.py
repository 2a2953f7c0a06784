"""Covers: small pictures, already re-encoded, sent whole."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from services.media.errors import NoCover
from services.media.models.files import State
from services.media.playing import ranges
from services.media.playing.streams import SAFE_HEADERS
from services.media.world import World

MAX_BYTES = 4 * 1024 * 1024  # a thousand pixels square as JPEG stay under 1 MiB


def answer(request: Request, file: Mapping[str, Any], world: World, *, resources: str = "same-site") -> Response:
    """The cover of a row of `files.bytes_of`. Raises NoCover."""
    key = file["cover_key"]
    if key is None or file["state"] != State.READY:  # until then only its key may be there
        raise NoCover
    etag = f'"{file["sha256"][:32]}-cover"'  # a file's cover is made of its bytes
    headers = SAFE_HEADERS | {"ETag": etag, "Cross-Origin-Resource-Policy": resources}
    if ranges.is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    picture = world.store.read_all(file["bucket"], key, at_most=MAX_BYTES)
    headers |= {"Content-Length": str(len(picture))}
    return Response(b"" if request.method == "HEAD" else picture, headers=headers, media_type="image/jpeg")
