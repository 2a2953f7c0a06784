"""MusicXML as it is packed (`.mxl`, a ZIP): found and taken out. Runs in a child of the nursery, and nowhere else.

Everything is looked at before anything is inflated, and nothing is ever written: names only say which entry is meant.
"""

import io
import stat
import struct
import zlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from services.sessions.scores import guarded
from services.sessions.scores.guarded import MAX_BYTES, Broken, Hostile

BEGINS = (b"PK\x03\x04", b"PK\x05\x06")  # with an entry; without any
LISTED = b"PK\x01\x02"  # each entry, in the list at the end
CONTAINER = "META-INF/container.xml"
MAX_CONTAINER_BYTES = 64 * 1024
MAX_ENTRIES = 100  # the score, its parts, and pictures of it
MAX_TOTAL_BYTES = 64 * 1024 * 1024
MAX_SCORE_BYTES = 2 * MAX_BYTES + 2  # in UTF-16, as one program writes them
MAX_RATIO = 200  # scores shrink to between a tenth and a hundredth; a bomb to a thousandth
SMALL_BYTES = 100 * 1024  # whose ratio says nothing
LOCAL_HEADER = struct.Struct("<26xHH")  # the lengths of the name and of what follows it
ENCRYPTED = 0x1 | 0x40 | 0x2000
DAMAGED = (BadZipFile, EOFError, zlib.error, NotImplementedError, ValueError, OSError, struct.error)
MUSICXML = ("", "application/vnd.recordare.musicxml+xml", "application/xml", "text/xml")


def is_packed(content: bytes) -> bool:
    """Whether this begins as a ZIP does."""
    return content.startswith(BEGINS)


def score_in(content: bytes) -> bytes:
    """The score that a packed file names as its first. Raises Broken, Hostile."""
    if content.count(LISTED) > MAX_ENTRIES:
        raise Hostile(f"packs more than {MAX_ENTRIES} files")
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            _check(archive, content)
            return _read(archive, _root(archive), MAX_SCORE_BYTES)
    except DAMAGED as reason:
        raise Broken("is a damaged .mxl file") from reason


def _check(archive: ZipFile, content: bytes) -> None:
    entries = archive.infolist()
    if len({entry.filename for entry in entries}) != len(entries):
        raise Hostile("packs two files of one name")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
        raise Hostile("unpacks to more than it may")
    for entry in entries:
        _check_entry(entry)
    _check_places(entries, content, archive.start_dir)
    for entry in entries:
        if not entry.is_dir() and is_packed(_head(archive, entry)):
            raise Hostile("packs another packed file")


def _check_entry(entry: ZipInfo) -> None:
    if not _is_inside(entry.orig_filename) or not _is_inside(entry.filename):
        raise Hostile("names a file outside of itself")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Hostile("packs something that is no file")
    if entry.flag_bits & ENCRYPTED:
        raise Hostile("is encrypted")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise Hostile("is packed in another way than .mxl files are")
    if entry.file_size > SMALL_BYTES and entry.file_size > MAX_RATIO * entry.compress_size:
        raise Hostile("unpacks to more than it may")


def _is_inside(name: str) -> bool:
    return not (name.startswith("/") or "\\" in name or "\0" in name or ":" in name or ".." in PurePosixPath(name).parts)


def _check_places(entries: Iterable[ZipInfo], content: bytes, list_begins: int) -> None:
    """No two entries share a byte: each ends before the next begins, and the last before the list of them."""
    places = sorted(_place(entry, content) for entry in entries)
    starts = [start for start, _ in places[1:]] + [list_begins]
    if any(end > next_start for (_, end), next_start in zip(places, starts, strict=True)):
        raise Hostile("packs files that overlap")


def _place(entry: ZipInfo, content: bytes) -> tuple[int, int]:
    name_bytes, extra_bytes = LOCAL_HEADER.unpack_from(content, entry.header_offset)
    start = entry.header_offset
    return start, start + LOCAL_HEADER.size + name_bytes + extra_bytes + entry.compress_size


def _head(archive: ZipFile, entry: ZipInfo) -> bytes:
    with archive.open(entry) as packed:
        return packed.read(4)


def _read(archive: ZipFile, entry: ZipInfo, most_bytes: int) -> bytes:
    if entry.file_size > most_bytes:
        raise Hostile(f"unpacks to more than {most_bytes} bytes")
    with archive.open(entry) as packed:
        found = packed.read(most_bytes + 1)  # to its end, so that its check sum is looked at
        if len(found) != entry.file_size or packed.read(1):
            raise Broken("is a damaged .mxl file")
        return found


def _root(archive: ZipFile) -> ZipInfo:
    container = _entry(archive, CONTAINER, "has no META-INF/container.xml, which names the score")
    named = _Rootfiles()
    guarded.walk(guarded.as_text(_read(archive, container, MAX_CONTAINER_BYTES)), named)
    path = next((path for path, media_type in named.found if media_type in MUSICXML), "")
    if not _is_inside(path):
        raise Hostile("names a file outside of itself")
    return _entry(archive, path, "names a score that is not in it")


def _entry(archive: ZipFile, name: str, otherwise: str) -> ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError:
        raise Broken(otherwise) from None


class _Rootfiles:
    """Notices what the container names, in its order."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "rootfile":
            self.found.append((attributes.get("full-path", ""), attributes.get("media-type", "")))

    def end(self, name: str) -> None: ...

    def text(self, words: str) -> None: ...
