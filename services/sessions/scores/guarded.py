"""Walking through XML that a stranger sent. Runs in a child of the nursery, and nowhere else.

Nothing is ever fetched and nothing is ever expanded: a document type of MusicXML, which nearly every real file names, is taken
as a name; one that declares anything of its own is refused.
"""

import re
from collections.abc import Callable, Collection
from typing import NoReturn, Protocol
from xml.parsers import expat

MAX_DEPTH = 100  # elements within elements; a full score has 12
MAX_ELEMENTS = 600_000  # 5 MiB of real notes have 250,000
MAX_BYTES = 5 * 1024 * 1024  # of UTF-8, as many as a session may hold
FOREIGN = frozenset({"http://www.w3.org/2001/XInclude", "http://www.w3.org/1999/XSL/Transform"})  # they have readers do things
DECLARATION = re.compile(r"<\?xml\s[^>]{0,200}?\bencoding\s*=\s*([\"'])([^\"']{0,60})\1[^>]{0,60}\?>")
LATIN = ("us-ascii", "ascii", "iso-8859-1", "latin1", "latin-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252")
OTHERS = ("windows-1251", "koi8-r", "shift_jis", "euc-jp", "gb2312", "gb18030", "big5", "euc-kr", "macintosh")
ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", *LATIN, *OTHERS})


class Broken(Exception):
    """This is no MusicXML: a damaged file, or another one. What is wrong is said in words."""


class Hostile(Exception):
    """This is made to do harm, or larger than anything real. What is wrong is said in words."""


class Visitor(Protocol):
    """Whoever is told what stands in a document, in its order."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """It ends."""

    def text(self, words: str) -> None:
        """Some of the text in it."""


def walk(text: str, visitor: Visitor) -> None:
    """Tell `visitor` of everything in a document. Raises Broken, Hostile; what was told until then may be thrown away."""
    _Walk(visitor).over(text.encode())


def places(text: str, names: Collection[str]) -> list[tuple[str, int]]:
    """Where the elements of these names begin, in the order of the document: the name, and which byte of the text in UTF-8."""
    found = _Places(names)
    walk = _Walk(found)
    found.where = walk.where
    walk.over(text.encode())
    return found.found


def as_text(content: bytes) -> str:
    """The text of a document in UTF-8, UTF-16 or what it says that it is in; its declaration says UTF-8 then.

    Raises Broken, and Hostile for an encoding that hides what it says, such as UTF-7.
    """
    try:
        text = content.decode(_encoding(content))
    except UnicodeDecodeError as reason:
        raise Broken("is not in the encoding that it says") from reason
    text = text.removeprefix("\ufeff")
    refuse_encoding(text)
    if "\0" in text:
        raise Broken("holds NUL")
    return in_utf8(text)


def in_utf8(text: str) -> str:
    """The same document, saying that it is in UTF-8, for it is about to be written so.

    >>> in_utf8('<?xml version="1.0" encoding="ISO-8859-1"?><a/>')
    '<?xml version="1.0" encoding="UTF-8"?><a/>'
    """
    said = DECLARATION.match(text)
    return text if said is None else text[: said.start(2)] + "UTF-8" + text[said.end(2) :]


def refuse_encoding(text: str) -> None:
    """Raises Hostile where a document says that it is in an encoding that is not read here."""
    said = DECLARATION.match(text)
    if said and said[2].lower() not in ENCODINGS:
        raise Hostile("is in an encoding that is not read here; send it in UTF-8")


def _encoding(content: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", ""), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return encoding or _unread()
    if content[:4] in (b"<\0\0\0", b"\0\0\0<"):
        return _unread()
    if content[:2] in (b"<\0", b"\0<"):
        return "utf-16-le" if content[0] else "utf-16-be"
    said = DECLARATION.match(content[:400].decode("latin-1"))
    encoding = said[2].lower() if said else "utf-8"
    if encoding not in ENCODINGS:
        _unread()
    return "utf-8" if encoding.startswith("utf-16") else encoding  # it cannot be: its first two bytes are two characters


def _unread() -> NoReturn:
    raise Hostile("is in an encoding that is not read here; send it in UTF-8")


class _Places:
    """Notices where elements begin."""

    where: Callable[[], int]

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self.found: list[tuple[str, int]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in self._names:
            self.found.append((name, self.where()))

    def end(self, name: str) -> None: ...

    def text(self, words: str) -> None: ...


class _Walk:
    """One walk through one document; the bounds are looked at on the way, so that nothing is held which is over them."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._depth = self._elements = 0
        self._parser = parser = expat.ParserCreate("UTF-8")  # whatever the document says of itself
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = self._entity
        parser.SkippedEntityHandler = self._unknown_entity
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = visitor.text

    def over(self, content: bytes) -> None:
        if len(content) > MAX_BYTES:
            raise Hostile(f"is larger than {MAX_BYTES} bytes")
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as reason:
            raise Broken(f"is not well-formed XML: {expat.ErrorString(reason.code)} in line {reason.lineno}") from reason

    def where(self) -> int:
        return self._parser.CurrentByteIndex

    def _doctype(self, _name: str, _system: str | None, _public: str | None, declares: bool) -> None:
        if declares:
            raise Hostile("declares a document type of its own")

    def _entity(self, *_facts: object) -> NoReturn:
        raise Hostile("declares entities")

    def _unknown_entity(self, *_facts: object) -> NoReturn:
        raise Broken("uses an entity that is not declared")

    def _instruction(self, target: str, _words: str) -> None:
        if target.lower().startswith("xml-stylesheet"):
            raise Hostile("names a style sheet")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise Hostile(f"is nested deeper than {MAX_DEPTH}")
        if self._elements > MAX_ELEMENTS:
            raise Hostile(f"has more than {MAX_ELEMENTS} elements")
        if attributes and not FOREIGN.isdisjoint(attributes.values()):
            raise Hostile("includes other documents")
        self._visitor.start(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._visitor.end(name)
