"""Files in other formats: what fits already is sent as it is, what is kept with exact ranges, the rest while it is encoded.

What is sent while it is encoded has no length and no ranges; a job keeps the whole of it meanwhile, for the next who asks. A
player that pauses costs a process that sleeps, and one that leaves ends it.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine
from starlette.types import Receive, Scope, Send

from services.media.errors import EncodingFailed
from services.media.library import renditions
from services.media.playing import streams
from services.media.processing.encoding import EXTENSIONS, MIME_TYPES, Encoding, Format
from services.media.tasks import rendering
from services.media.world import World
from shared import db as database
from shared import ids
from shared.children import ChildFailed
from shared.fastapi_app.guards import shell

Asked = Literal["opus", "aac", "mp3", "raw"]

PIECE_BYTES = 64 * 1024  # as much as a pipe holds
FALLBACK: Format = "mp3"  # where a client only says how much it bears: everything plays it
USUAL_KBPS: Mapping[Format, int] = {"opus": 128, "aac": 192, "mp3": 192}  # where it does not say
KBPS: Mapping[Format, tuple[int, ...]] = {  # few, so that few are kept
    "opus": (32, 48, 64, 96, 128, 160, 192, 256),
    "aac": (64, 96, 128, 160, 192, 256),
    "mp3": (64, 96, 128, 160, 192, 256, 320),
}
FORMATS: Mapping[str, Format] = {"audio/mpeg": "mp3", "audio/aac": "aac", "audio/mp4": "aac", "audio/ogg": "opus"}
CODECS: Mapping[Format, str] = {"mp3": "mp3", "aac": "aac", "opus": "opus"}


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is to sound."""

    format: Format
    bit_rate_kbps: int


def form(file: Mapping[str, Any], asked: Asked | None, max_bit_rate_kbps: int, offset_seconds: float) -> Form | None:
    """What to make of a row of `files.bytes_of`, or None where it is sent as it is.

    A bit rate is the next lower one of a few; 0 is no bound. A file of the asked format that is small enough is sent as it is,
    but not from its middle.

    >>> flac = {"mime_type": "audio/flac", "codec": "flac", "bit_rate_kbps": 900, "file_size": 1, "duration": 1}
    >>> form(flac, None, 0, 0), form(flac, None, 150, 0), form(flac, "opus", 0, 30), form(flac, "raw", 100, 5)
    (None, Form(format='mp3', bit_rate_kbps=128), Form(format='opus', bit_rate_kbps=128), None)
    >>> mp3 = {"mime_type": "audio/mpeg", "codec": "mp3", "bit_rate_kbps": 128, "file_size": 1, "duration": 1}
    >>> form(mp3, "mp3", 128, 0), form(mp3, "mp3", 1, 0), form(mp3, None, 0, 9)
    (None, Form(format='mp3', bit_rate_kbps=64), Form(format='mp3', bit_rate_kbps=192))
    """
    if asked == "raw":
        return None
    its_kbps = file["bit_rate_kbps"] or _mean_kbps(file)
    is_small = not max_bit_rate_kbps or (its_kbps is not None and its_kbps <= max_bit_rate_kbps)
    its_format = FORMATS.get(file["mime_type"])
    is_asked = asked in (None, its_format) and (asked is None or file["codec"] in (None, CODECS[asked]))
    if is_small and is_asked and offset_seconds <= 0:
        return None
    wanted: Format = asked or FALLBACK
    most = max_bit_rate_kbps or USUAL_KBPS[wanted]
    return Form(wanted, max([each for each in KBPS[wanted] if each <= most], default=KBPS[wanted][0]))


async def play(
    request: Request,
    file_id: UUID,
    world: World,
    *,
    user_id: UUID,
    resources: str = "same-site",
    format: Asked | None = None,
    max_bit_rate_kbps: int = 0,
    offset_seconds: float = 0,
) -> Response:
    """A file that this user may hear, by its id, as they want to hear it. Raises NoSuchFile.

    A file just played that is sent as it is needs no I/O up to its first byte: the thread hop is saved for players that seek.
    """
    sound: dict[str, Any] = {"max_bit_rate_kbps": max_bit_rate_kbps, "offset_seconds": offset_seconds}
    kept = world.places.kept(file_id, user_id=user_id)
    if kept is not None and form(kept, format, **sound) is None:
        return streams.answer(request, streams.twin(kept), world, resources=resources, listener=user_id)

    def find() -> Response:
        file = world.places.find(shell(request).engine, file_id, user_id=user_id)
        return answer(request, file, world, format=format, listener=user_id, resources=resources, **sound)

    return await to_thread.run_sync(find)


def answer(
    request: Request,
    file: Mapping[str, Any],
    world: World,
    *,
    format: Asked | None = None,
    max_bit_rate_kbps: int = 0,
    offset_seconds: float = 0,
    listener: UUID | None = None,
    resources: str = "same-site",
) -> Response:
    """A row of `files.bytes_of` as somebody wants to hear it, from a second on. `listener`, if not its owner, is who counts."""
    wanted = form(file, format, max_bit_rate_kbps, offset_seconds)
    if wanted is None:
        return streams.answer(request, streams.twin(file), world, resources=resources, listener=listener)
    named = {**file, "mime_type": MIME_TYPES[wanted.format], "filename": _filename(file, wanted.format)}
    engine = shell(request).engine
    kept = None if offset_seconds > 0 else _kept(engine, file, wanted)
    if kept is not None:
        its_bytes = {"object_key": kept["object_key"], "file_size": kept["size_bytes"], "created_at": kept["ready_at"]}
        row = {**named, **its_bytes, "bucket": kept["bucket"], "sha256": kept["sha256"]}
        return streams.answer(request, row, world, resources=resources, listener=listener)
    headers = streams.SAFE_HEADERS | {
        "Accept-Ranges": "none",
        "Content-Type": named["mime_type"],
        "Content-Disposition": streams.content_disposition("inline", named["filename"]),
        "Cross-Origin-Resource-Policy": resources,
    }
    if request.method == "HEAD":
        return Response(headers=headers)
    return Encoded(file, world, engine, wanted, offset_seconds, headers, listener or file["user_id"])


class Encoded(StreamingResponse):
    """Sound on its way while it is encoded. Its first piece is made before anything is sent, so a failure is an answer."""

    def __init__(
        self,
        file: Mapping[str, Any],
        world: World,
        engine: Engine,
        wanted: Form,
        offset_seconds: float,
        headers: Mapping[str, str],
        listener: UUID,
    ) -> None:
        super().__init__((), headers=headers)
        self._file, self._world, self._engine = file, world, engine
        self._wanted, self._offset_seconds, self._listener = wanted, offset_seconds, listener
        self._source = world.spool / f"{ids.new()}-source"
        self._encoding: Encoding | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises TooManyEncodings, EncodingFailed, StoreUnavailable."""
        with self._world.encoding.one(self._listener):
            try:
                first = await to_thread.run_sync(self._begin)
                self.body_iterator = self._pieces(first)
                await super().__call__(scope, receive, send)
            finally:
                with CancelScope(shield=True):
                    await to_thread.run_sync(self._end)

    async def _pieces(self, piece: bytes) -> AsyncIterator[bytes]:
        while piece:
            yield piece
            piece = await to_thread.run_sync(self._read)

    def _begin(self) -> bytes:
        self._fetch()
        wanted: dict[str, Any] = {"format": self._wanted.format, "bit_rate_kbps": self._wanted.bit_rate_kbps}
        try:
            mime_type = self._file["mime_type"]
            self._encoding = Encoding(self._source, mime_type=mime_type, start_seconds=self._offset_seconds, **wanted)
            first = self._read()
        except ChildFailed as reason:
            raise EncodingFailed from reason
        if self._offset_seconds <= 0 and self._world.settings.rendition_bytes:
            names: dict[str, Any] = {"file_id": str(self._file["id"]), "user_id": str(self._file["user_id"]), **wanted}
            with database.transaction(self._engine, user_id=self._file["user_id"]) as db:
                rendering.keep_rendition.enqueue_with(db, only_once="rendition " + " ".join(map(str, names.values())), **names)
        return first

    def _fetch(self) -> None:
        """The original as a file: the cache's own under another name, which stays where the cache lets go of it."""
        local = self._world.cache.find(self._file)
        if local is not None:
            with suppress(OSError):
                os.link(local, self._source)
                return
        with self._source.open("wb") as copy:
            self._world.store.copy_to(copy, self._file["bucket"], self._file["object_key"], size_bytes=self._file["file_size"])

    def _read(self) -> bytes:
        assert self._encoding is not None
        return self._encoding.read(PIECE_BYTES)

    def _end(self) -> None:
        if self._encoding is not None:
            self._encoding.close()
        self._source.unlink(missing_ok=True)


def _kept(engine: Engine, file: Mapping[str, Any], wanted: Form) -> Mapping[str, Any] | None:
    with database.transaction(engine, user_id=file["user_id"]) as db:
        form: dict[str, Any] = {"format": wanted.format, "bit_rate_kbps": wanted.bit_rate_kbps}
        return renditions.find(db, file["id"], user_id=file["user_id"], **form)


def _filename(file: Mapping[str, Any], format: Format) -> str:
    return f"{PurePosixPath(file['filename']).stem or 'audio'}.{EXTENSIONS[format]}"


def _mean_kbps(file: Mapping[str, Any]) -> int | None:
    return file["file_size"] * 8 // file["duration"] // 1000 if file["duration"] else None
