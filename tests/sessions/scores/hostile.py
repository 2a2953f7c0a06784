"""Scores that were made to do harm, or that are merely broken: each a name, what is sent, and which of the two it is."""

import io
import stat
import struct
import zlib
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

REFUSED, UNREADABLE, FACTS = "refused", "unreadable", "facts"
CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
MEASURE = "<measure number='{}'><note><rest/><duration>4</duration></note></measure>"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


def score(inside: str = "", *, before: str = "", measures: int = 1) -> str:
    """A score of rests, with something of yours before its root and in its first measure."""
    bars = "".join(MEASURE.format(number + 2) for number in range(measures - 1))
    parts = '<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>'
    return f"{before}<score-partwise>{parts}<part id='P1'><measure number='1'>{inside}</measure>{bars}</part></score-partwise>"


def title(words: str) -> str:
    """A score whose title is that."""
    return score().replace("<part-list>", f"<work><work-title>{words}</work-title></work><part-list>")


def entities(*declared: str, root: str = "score-partwise") -> str:
    return f"<?xml version='1.0'?><!DOCTYPE {root} [{''.join(declared)}]>"


def billion_laughs() -> str:
    levels = [f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10)]
    return entities("<!ENTITY l0 'ha'>", *levels) + title("&l9;")


def xml_cases(listener: str) -> list[tuple[str, bytes, str]]:
    """Plain MusicXML; `listener` is an address that nobody may connect to."""
    partwise = "PUBLIC '-//Recordare//DTD MusicXML 4.0 Partwise//EN'"
    xinclude = "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>"
    written = {
        "billion laughs": (billion_laughs(), REFUSED),
        "quadratic blow-up": (entities(f"<!ENTITY a '{'a' * 50_000}'>") + title("&a;" * 50_000), REFUSED),
        "a file": (entities("<!ENTITY f SYSTEM 'file:///etc/passwd'>") + title("&f;"), REFUSED),
        "an address": (entities(f"<!ENTITY f SYSTEM '{listener}/x'>") + title("&f;"), REFUSED),
        "a parameter entity": (entities(f"<!ENTITY % p SYSTEM '{listener}/p.dtd'>", "%p;") + score(), REFUSED),
        "an attribute default": (entities("<!ATTLIST note color CDATA 'red'>") + score(), REFUSED),
        "an empty subset": (entities() + score(), REFUSED),
        "XInclude": (score(xinclude), REFUSED),
        "a style sheet": (f"<?xml-stylesheet type='text/xsl' href='{listener}/x.xsl'?>" + score(), REFUSED),
        "XSLT": (score("<x:s xmlns:x='http://www.w3.org/1999/XSL/Transform'/>"), REFUSED),
        "depth": (score("<a>" * 5_000 + "</a>" * 5_000), REFUSED),
        "depth without an end": ("<a>" * 1_000_000, UNREADABLE),
        "a million elements": (score("<a/>" * 1_000_000), REFUSED),
        "20,001 measures": (score(measures=20_001), REFUSED),
        "300 parts": (
            score().replace("</part-list>", "".join(f"<score-part id='{n}'/>" for n in range(300)) + "</part-list>"),
            REFUSED,
        ),
        "6 MiB": (title("a" * 6_000_000), REFUSED),
        "UTF-7 by name": ("<?xml version='1.0' encoding='UTF-7'?>+ADw-x+AD4-", REFUSED),
        "an unknown encoding": ("<?xml version='1.0' encoding='rot13'?>" + score(), REFUSED),
        "a DOCTYPE of MusicXML": (f"<!DOCTYPE score-partwise {partwise} '{listener}/partwise.dtd'>" + score(), FACTS),
        "a DOCTYPE elsewhere": (f"<!DOCTYPE score-partwise SYSTEM '{listener}/x.dtd'>" + title("&outside;"), UNREADABLE),
        "10,000 measures": (score(measures=10_000), FACTS),
        "an unknown entity": (title("&nbsp;"), UNREADABLE),
        "nothing": ("", UNREADABLE),
        "text": ("not XML at all & <<<", UNREADABLE),
        "another XML": ("<html><body/></html>", UNREADABLE),
        "a list of scores": ("<opus/>", UNREADABLE),
        "no measure": ("<score-partwise/>", UNREADABLE),
        "half of it": (score()[:-20], UNREADABLE),
        "two roots": (score() + score(), UNREADABLE),
        "NUL": (title("a\0b"), UNREADABLE),
        "a control character": (title("a&#1;b"), UNREADABLE),
        "an attribute twice": (score("<note id='a' id='b'/>"), UNREADABLE),
    }
    declared_utf16 = "<?xml version='1.0' encoding='UTF-16'?>" + score()
    raw = [
        ("UTF-16", declared_utf16.encode("utf-16"), FACTS),
        ("UTF-16 without a mark", declared_utf16.encode("utf-16-be"), FACTS),
        ("UTF-16 that hides entities", billion_laughs().encode("utf-16"), REFUSED),
        ("UTF-16 cut in a character", declared_utf16.encode("utf-16")[:-1], UNREADABLE),
        ("UTF-16 by name alone", declared_utf16.encode(), FACTS),
        ("UTF-32", score().encode("utf-32"), REFUSED),
        ("UTF-8 that is none", title("x").encode().replace(b"x<", b"\xff\xfe<"), UNREADABLE),
        ("Latin-1", ("<?xml version='1.0' encoding='ISO-8859-1'?>" + title("Für Elise")).encode("latin-1"), FACTS),
        ("a picture", PNG, UNREADABLE),
    ]
    return [(name, text.encode(), verdict) for name, (text, verdict) in written.items()] + raw


def packed(entries: dict[str, bytes | str], *, root: str = "score.xml", container: str | None = None) -> bytes:
    """A ZIP of these entries, with a container that names `root`, unless it is ""."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        if container != "":
            archive.writestr("META-INF/container.xml", container or CONTAINER.format(root))
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_flag(content: bytes, *, flag: int) -> bytes:
    """Every entry marked with a flag, as encrypted ones are."""
    changed = bytearray(content)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            changed[at + offset] |= flag
    return bytes(changed)


def symlink() -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        archive.writestr("META-INF/container.xml", CONTAINER.format("score.xml"))
        link = ZipInfo("score.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def overlapping() -> bytes:
    """Many entries of one run of bytes, each listed where the same local header stands."""
    content = packed({"score.xml": score(), "b.xml": b"x" * 1000})
    end = content.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<I", content, end + 16)[0]
    last = content.rindex(b"PK\x01\x02")
    first_local = struct.unpack_from("<I", content, start + 42)[0]
    changed = bytearray(content)
    struct.pack_into("<I", changed, last + 42, first_local)
    return bytes(changed)


def lying_about_size(declared_bytes: int) -> bytes:
    """The list says another size than the stream has."""
    content = bytearray(packed({"score.xml": title("".join(map(str, range(20_000))))}))
    last = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, last + 24, declared_bytes)
    return bytes(content)


def wrong_check_sum() -> bytes:
    content = bytearray(packed({"score.xml": score()}))
    last = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, last + 16, zlib.crc32(b"something else"))
    return bytes(content)


def many(count: int) -> bytes:
    return packed({f"{number}.xml": "x" for number in range(count)} | {"score.xml": score()})


def packed_cases() -> list[tuple[str, bytes, str]]:
    """Packed MusicXML."""
    whole = packed({"score.xml": score()})
    nested = packed({"bomb.zip": packed({"a": bytes(1_000_000)})})
    return [
        ("packed", whole, FACTS),
        ("packed, with a picture of it", packed({"score.xml": score(), "cover.png": PNG}), FACTS),
        ("packed in UTF-16", packed({"score.xml": score().encode("utf-16")}), FACTS),
        ("a bomb", packed({"score.xml": b" " * 50_000_000}), REFUSED),
        ("a bomb beside the score", packed({"score.xml": score(), "b": bytes(300_000_000)}), REFUSED),
        ("a bomb of 8 MB", packed({"score.xml": title("a" * 8_000_000)}), REFUSED),
        ("entities, packed", packed({"score.xml": billion_laughs()}), REFUSED),
        ("entities in the container", packed({"score.xml": score()}, container=billion_laughs()), REFUSED),
        ("a ZIP in the ZIP", packed({"score.xml": score(), "more.zip": nested}), REFUSED),
        ("a ZIP as the score", packed({"score.xml": whole}), REFUSED),
        ("2,000 entries", many(2_000), REFUSED),
        ("a link", symlink(), REFUSED),
        ("a name above", packed({"score.xml": score(), "../../etc/passwd": "x"}), REFUSED),
        ("an absolute name", packed({"score.xml": score(), "/etc/passwd": "x"}), REFUSED),
        ("a name of Windows", packed({"score.xml": score(), "C:\\x": "x"}), REFUSED),
        ("a container that points above", packed({"score.xml": score()}, root="../../../etc/passwd"), REFUSED),
        ("a container that points at /etc", packed({"score.xml": score()}, root="/etc/passwd"), REFUSED),
        ("overlapping entries", overlapping(), REFUSED),
        ("encrypted", with_flag(whole, flag=1), REFUSED),
        ("larger than it says", lying_about_size(90_000), UNREADABLE),
        ("smaller than it says", lying_about_size(200_000), UNREADABLE),
        ("much larger than it says", lying_about_size(10), UNREADABLE),
        ("a wrong check sum", wrong_check_sum(), UNREADABLE),
        ("no container", packed({"score.xml": score()}, container=""), UNREADABLE),
        ("a container that is none", packed({"score.xml": score()}, container="<x"), UNREADABLE),
        ("a container that names nothing", packed({"score.xml": score()}, container="<container/>"), UNREADABLE),
        ("a container that names what is not there", packed({"a.xml": score()}), UNREADABLE),
        ("a container that points at a picture", packed({"score.xml": PNG}), UNREADABLE),
        ("cut in the middle", whole[: len(whole) // 2], UNREADABLE),
        ("an empty ZIP", b"PK\x05\x06" + bytes(18), UNREADABLE),
    ]
