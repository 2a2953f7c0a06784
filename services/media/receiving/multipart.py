"""Reading a multipart body as it arrives: the files in its field `file` go to the spool, everything else is dropped."""

import unicodedata
from collections.abc import Collection
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.media.errors import BrokenMultipart, FileEmpty, FileMissing, NotMultipart, TooManyParts
from services.media.receiving.spool import Spooled

FIELD = "file"
MAX_FILES = 50  # in one body
MAX_PARTS = 100
MAX_HEADER_BYTES = 4096
MAX_HEADERS = 16  # of one part
MAX_NAME_CHARACTERS = 255
MAX_TEXT = 100  # characters of a short field


class Body:
    """One multipart body. Feed it with `write`, then `close`; `files` are then complete. `discard` removes them."""

    def __init__(self, content_type: str, folder: Path, prefix: str, *, texts: Collection[str] = ()) -> None:
        """`content_type` is the request's header; spooled files are named `{prefix}-{number}`; short fields of the names
        `texts` are kept in `texts`. Raises NotMultipart.
        """
        kind, options = parse_options_header(content_type)
        if kind.lower() != b"multipart/form-data":
            raise NotMultipart
        boundary = options.get(b"boundary", b"")
        self.files: list[Spooled] = []
        self.texts = dict.fromkeys(texts, "")
        self._text = ""  # the name of the short field whose bytes are coming
        self._folder, self._prefix = folder, prefix
        self._parts = 0
        self._ended = False
        self._current: Spooled | None = None  # the file whose bytes are coming
        self._header_name = self._header_value = b""
        self._disposition = b""
        if not boundary:
            raise BrokenMultipart
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begins,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_values,
                    "on_header_end": self._header_ends,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._part_data,
                    "on_part_end": self._part_ends,
                    "on_end": self._end,
                },
                max_header_count=MAX_HEADERS,
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as reason:
            raise BrokenMultipart from reason

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises BrokenMultipart, TooManyParts."""
        try:
            self._parser.write(chunk)
        except FormParserError as reason:
            raise BrokenMultipart from reason

    def close(self) -> None:
        """The body has ended. Raises BrokenMultipart where it is cut short, FileMissing and FileEmpty."""
        if not self._ended:
            raise BrokenMultipart
        if not self.files:
            raise FileMissing(errors=[{"field": FIELD, "message": "there is no file in this field"}])
        for each in self.files:
            if not each.size_bytes:
                raise FileEmpty(filename=each.filename, errors=[{"field": FIELD, "message": f"{each.filename} is empty"}])

    def discard(self) -> None:
        """Remove what was spooled."""
        for each in self.files:
            each.discard()

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise TooManyParts(at_most=MAX_PARTS)
        self._header_name = self._header_value = self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_values(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_ends(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self._text = name if name in self.texts and b"filename" not in options else ""
        if options.get(b"name") != FIELD.encode() or b"filename" not in options:
            return
        if len(self.files) >= MAX_FILES:
            raise TooManyParts(at_most=MAX_FILES)
        path = self._folder / f"{self._prefix}-{len(self.files)}"
        self._current = Spooled(clean_name(options[b"filename"].decode("utf-8", "replace")), path)
        self.files.append(self._current)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current:
            self._current.write(memoryview(data)[start:end])
        elif self._text:
            self.texts[self._text] = (self.texts[self._text] + data[start:end].decode("utf-8", "replace"))[:MAX_TEXT]

    def _part_ends(self) -> None:
        if self._current:
            self._current.end()
        self._current, self._text = None, ""

    def _end(self) -> None:
        self._ended = True


def clean_name(sent: str) -> str:
    """A name to show: the last part of whatever path was sent, without anything that a screen or a header would stumble over.

    >>> clean_name("C:\\\\music\\\\../a\\u202etune.mp3")
    'atune.mp3'
    >>> clean_name("..")
    'untitled'
    """
    last = sent.replace("\\", "/").rpartition("/")[2]
    kept = "".join(each for each in unicodedata.normalize("NFC", last) if each.isprintable()).strip()
    return kept[:MAX_NAME_CHARACTERS] if kept.strip(". ") else "untitled"
