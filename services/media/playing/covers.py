"""Covers: small pictures, already re-encoded, sent whole."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from fastapi import Request, Response

from services.media.errors import BytesLost, NoCover
from services.media.models.files import State
from services.media.playing import ranges
from services.media.playing.playable import What
from services.media.playing.streams import SAFE_HEADERS
from services.media.processing import sizes
from services.media.processing.pictures import thumbnail_key
from services.media.world import World

MAX_BYTES = 4 * 1024 * 1024  # a thousand pixels square as JPEG stay under 1 MiB
WHOLE = 0  # in place of pixels: as it was kept
PIXELS: Mapping[What, int] = {"small": sizes.SMALL, "medium": sizes.MEDIUM, "large": sizes.LARGE, "cover": WHOLE}
Size = Literal["small", "medium", "large", "150", "300", "600"]
KEPT_HOURS = "private, max-age=21600"  # by browsers, under an address that is a day's


def pixels(size: Size | None) -> int:
    """The longer side of what a client calls by name or by number.

    >>> pixels("medium"), pixels("600"), pixels(None)
    (300, 600, 0)
    """
    return WHOLE if size is None else next(side for what, side in PIXELS.items() if size in (what, str(side)))


def answer(
    request: Request, file: Mapping[str, Any], world: World, *, side: int = WHOLE, resources: str = "same-site", kept: str = ""
) -> Response:
    """The cover of a row of `files.bytes_of`, at most `side` pixels wide and high where it was made so small, else the next
    larger one. Raises NoCover. `kept` is the Cache-Control, where it is not that of audio.
    """
    key = must_have(file)
    named = f"{key} {file['sha256']} {side}"
    etag = f'"{hashlib.sha256(named.encode()).hexdigest()[:32]}"'
    headers = SAFE_HEADERS | {"ETag": etag, "Cross-Origin-Resource-Policy": resources}
    headers |= {"Cache-Control": kept} if kept else {}
    if ranges.is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    picture = read(world, file["bucket"], key, side)
    headers |= {"Content-Length": str(len(picture))}
    return Response(b"" if request.method == "HEAD" else picture, headers=headers, media_type="image/jpeg")


def must_have(file: Mapping[str, Any]) -> str:
    """The key of a file's cover. Raises NoCover."""
    key: str | None = file["cover_key"]
    if key is None or file["state"] != State.READY:  # until then only its key may be there
        raise NoCover
    return key


def read(world: World, bucket: str, key: str, side: int = WHOLE) -> bytes:
    """The JPEG itself, of this size or the next larger one that there is. Raises BytesLost."""
    for each in sorted(each for each in PIXELS.values() if WHOLE < side <= each):
        with suppress(BytesLost):
            return world.store.read_all(bucket, thumbnail_key(key, each), at_most=MAX_BYTES)
    return world.store.read_all(bucket, key, at_most=MAX_BYTES)
