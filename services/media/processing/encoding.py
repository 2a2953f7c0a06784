"""A file in another format, made by a child process: kept as a file, or read while it is being made."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from services.media.processing.inspection import DEMUXERS
from services.media.processing.parsers import parsers
from shared.children import CLOSED, MIB, Child, Gone, Limits, ParsersDown

Format = Literal["opus", "aac", "mp3"]
MIME_TYPES: dict[Format, str] = {"opus": "audio/ogg", "aac": "audio/aac", "mp3": "audio/mpeg"}
EXTENSIONS: dict[Format, str] = {"opus": "opus", "aac": "aac", "mp3": "mp3"}

HOUR_SECONDS = 3600
KEEPING = Limits(wall_seconds=HOUR_SECONDS // 4, cpu_seconds=600, write_bytes=512 * MIB, nice=10)
STREAMING = Limits(wall_seconds=3 * HOUR_SECONDS, cpu_seconds=600, nice=5)  # as long as somebody listens, with pauses


def encode(
    source: Path, target: Path, *, mime_type: str, format: Format, bit_rate_kbps: int, start_seconds: float = 0
) -> float:
    """Write `source`, of this type, to `target` in another format, from a second on; how many seconds it became.

    Opus is in Ogg, AAC in ADTS, MP3 bare; a rate and a layout that the format does not know are changed. Raises ChildFailed.
    """
    facts = _facts(source, mime_type, format, bit_rate_kbps, start_seconds)
    return float(parsers.ask("encode", KEEPING, target=str(target), **facts)["seconds"])


class Encoding:
    """The same while it is being made: `read` it to its end, and leave it in any case; the child ends with it.

    It makes no more than a pipe holds before it is read, so a player that pauses costs no time.
    """

    def __init__(self, source: Path, *, mime_type: str, format: Format, bit_rate_kbps: int, start_seconds: float = 0) -> None:
        self._facts = _facts(source, mime_type, format, bit_rate_kbps, start_seconds)
        self._is_read = False
        self._pipe = CLOSED
        self._child: Child | None = None
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()

    def read(self, size: int) -> bytes:
        """Up to `size` bytes as soon as there are any; nothing at its end. Raises ChildFailed where it ends in the middle.

        Raises ParsersDown, TookTooLong.
        """
        piece = os.read(self._pipe, size)
        if piece:
            self._is_read = True
            return piece
        try:
            assert self._child is not None
            self._child.answer()
        except Gone as reason:
            if self._is_read:
                raise ParsersDown from reason
            self.close()  # they ended of themselves just as they were asked
            self._begin()
            self._is_read = True
            return self.read(size)
        return b""

    def close(self) -> None:
        """Whatever is left of it is not made."""
        if self._pipe != CLOSED:
            os.close(self._pipe)
            self._pipe = CLOSED
        if self._child:
            self._child.close()

    def _begin(self) -> None:
        self._pipe, its_end = os.pipe()
        try:
            self._child = parsers.child("encode", STREAMING, pipe=its_end, **self._facts)
        except BaseException:
            os.close(self._pipe)
            self._pipe = CLOSED
            raise
        finally:
            os.close(its_end)


def _facts(source: Path, mime_type: str, format: Format, bit_rate_kbps: int, start_seconds: float) -> dict[str, Any]:
    wanted = {"format": format, "bit_rate_kbps": bit_rate_kbps, "start_seconds": start_seconds}
    return {"path": str(source), "demuxer": DEMUXERS[mime_type], **wanted}
