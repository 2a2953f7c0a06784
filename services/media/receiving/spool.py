"""The spool: files of bodies, on disk until they are stored."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


class Spooled:
    """One file of a body. Write it piece by piece, `end` it, and `discard` it whatever came of it."""

    def __init__(self, filename: str, path: Path) -> None:
        self.filename = filename
        self.path = path
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None

    @property
    def sha256(self) -> str:
        """Of its bytes, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        if self._file is None:
            self._file = self.path.open("wb")
        self._file.write(piece)
        self._digest.update(piece)
        self.size_bytes += len(piece)

    def end(self) -> None:
        """Everything is written."""
        file, self._file = self._file, None
        if file:
            file.close()

    def discard(self) -> None:
        """Remove it. On a full disk closing fails too, and the file goes all the same."""
        with suppress(OSError):
            self.end()
        self.path.unlink(missing_ok=True)
