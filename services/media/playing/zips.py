"""Several objects as one ZIP, made while it is sent, one read of the store at a time: it takes no room and no memory."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple
from zipfile import ZIP_STORED

from zipstream import ZipStream

from services.media.errors import BytesLost
from services.media.library.files import Row
from services.media.store import READ_BYTES, Store

UNSAFE_IN_NAMES = re.compile(r'[<>:"/\\|?*]+')
LONGEST_STEM = 80  # characters; file systems take 255 bytes
LOST = "The object store has lost the bytes of these files:\n"


class Entry(NamedTuple):
    """One object and what it is called; `known_as` is what the list of the lost calls it."""

    name: str
    bucket: str
    key: str
    size_bytes: int
    known_as: str


def zipped(store: Store, entries: Iterable[Entry]) -> Iterator[bytes]:
    """The ZIP. Nothing is compressed, since audio is; each entry is written before the next is looked for."""
    made, lost = ZipStream(compress_type=ZIP_STORED), []
    for each in entries:
        try:
            pieces = _begun(_read(store, each))
        except BytesLost:
            lost.append(f"{each.known_as}\n")
            continue
        made.add(pieces, each.name, size=each.size_bytes)
        yield from made.all_files()
    if lost:
        made.add(LOST + "".join(lost), "lost.txt")
    yield from made.finalize()


def entries(rows: list[Row]) -> Iterator[Entry]:
    """Tracks in their order, which their names begin with."""
    digits = max(2, len(str(len(rows))))
    for number, row in enumerate(rows, 1):
        title = plain(row["title"] or PurePosixPath(row["filename"]).stem) or "audio"
        name = f"{number:0{digits}} - {title}{PurePosixPath(row['object_key']).suffix}"
        yield Entry(name, row["bucket"], row["object_key"], row["file_size"], name)


def plain(text: str) -> str:
    """Text as a name that every file system takes, or nothing where nothing of it is left.

    >>> plain('../AC/DC: "Live?"'), plain(" ..."), plain("a" * 99) == "a" * 80, plain(chr(8238) + "gnp.exe" + chr(0))
    ('_AC_DC_ _Live_', '', True, 'gnp.exe')
    """
    shown = "".join(character for character in text if character.isprintable())
    safe = UNSAFE_IN_NAMES.sub("_", shown.encode("utf-8", "ignore").decode()).strip(" .")
    return safe[:LONGEST_STEM].strip(" .")


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same, with the first piece read: what is not there shows before its entry is begun."""
    first = next(pieces, b"")

    def all_of_it() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_it()


def _read(store: Store, entry: Entry) -> Iterator[bytes]:
    for start in range(0, entry.size_bytes, READ_BYTES):
        yield store.read(entry.bucket, entry.key, start=start, length=min(READ_BYTES, entry.size_bytes - start))
