"""What a file says of itself, by the names of our columns; runs in a child of the nursery, and nowhere else."""

import math
import re
from collections.abc import Iterable
from typing import Any

from tinytag import TinyTag, TinyTagException

MAX_NAME = 255
MAX_TEXT = 100_000  # characters of lyrics
MAX_NUMBER = 100_000  # of a track or a disc
MAX_BPM = 1_000
LOSSLESS = ("audio/wav", "audio/flac", "audio/aiff", "audio/mp4")  # where a number of bits means something
BETWEEN = "; "  # several values of one field
VARIOUS = "Various Artists"  # whose album a compilation is that names nobody

NOT_LETTERS = re.compile(r"[^a-z0-9]+")
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
TIMED = re.compile(r"^[^\S\n]*\[\d{1,3}:\d{2}(?:[.:]\d{1,3})?\]", re.MULTILINE)
MUSICBRAINZ_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OWNER_OF_IDS = "http://musicbrainz.org"

# Our column, how long it may be, and what taggers call it (lower case, letters and digits alone).
NAMED: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("musical_key", 32, ("initialkey", "key")),
    ("remixer", MAX_NAME, ("remixer", "tpe4", "mixartist", "modifiedby")),
    ("producer", MAX_NAME, ("producer",)),
    ("label", MAX_NAME, ("label", "publisher", "organization", "recordlabel")),
    ("catalog_number", 64, ("catalognumber", "catalogno", "labelno")),
    ("isrc", 32, ("isrc",)),
    ("barcode", 32, ("barcode", "upc", "ean")),
)
BROKEN = (  # what parsers of Python make of nonsense
    *(TinyTagException, ValueError, LookupError, OverflowError, OSError),
    *(MemoryError, TypeError, AttributeError, RecursionError),
)


def read(path: str) -> tuple[dict[str, Any], bytes]:
    """Its tags by the names of `audio_files`, those alone that it has, and the bytes of its front cover, if any.

    A file whose tags are broken plays all the same; it just says nothing of itself.
    """
    try:
        found = TinyTag.get(path, image=True)
        image = found.images.any
        return _said(found), (image.data or b"") if image else b""
    except BROKEN:
        return {}, b""


def _said(found: Any) -> dict[str, Any]:
    others = _others(found.other)
    said: dict[str, Any] = {
        "title": name([found.title]),
        "artist": name([found.artist, *others.get("artist", ())]),
        "album": name([found.album]),
        "album_artist": name([found.albumartist, *others.get("albumartist", ())]),
        "composer": name([found.composer, *others.get("composer", ())]),
        "genre": name([found.genre, *others.get("genre", ())]),
        "date": name([found.year], 32),
        "year": _year(found.year),
        "track_number": _number(found.track),
        "track_total": _number(found.track_total),
        "disc_number": _number(found.disc),
        "disc_total": _number(found.disc_total),
        "comment": text(found.comment),
        "bpm": _bpm(others.get("bpm", ())),
        "bit_depth": _number(found.bitdepth),
    }
    for column, longest, names in NAMED:
        said[column] = name([value for each in names for value in others.get(each, ())][:20], longest)
    said["producer"] = said["producer"] or name(_people(others, "producer"))
    said |= _words(others) | _ids(others)
    if _is_compilation(others) and not said["album_artist"]:
        said["album_artist"] = VARIOUS
    return {column: value for column, value in said.items() if value is not None}


def _others(found: Any) -> dict[str, list[Any]]:
    others: dict[str, list[Any]] = {}
    for key, values in found.items():
        others.setdefault(NOT_LETTERS.sub("", key.lower()), []).extend(values)
    return others


def name(values: Iterable[Any], longest: int = MAX_NAME) -> str | None:
    """Several values as one line, each once, without anything that a screen would stumble over; None for nothing."""
    kept: dict[str, None] = {}
    for value in values:
        for each in str(value or "")[: MAX_NAME * 4].split("\x00"):
            plain = "".join(character for character in each if character.isprintable()).strip()
            if plain:
                kept[plain] = None
    return BETWEEN.join(kept)[:longest].strip() or None


def text(value: Any) -> str | None:
    """Lines of text, of which nothing but what is printed and the line's end is kept."""
    lines = str(value or "")[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = "\n".join("".join(each for each in line if each.isprintable() or each == "\t") for line in lines)
    return kept.strip() or None


def _words(others: dict[str, list[Any]]) -> dict[str, str | None]:
    """Lyrics, and such as name their times (LRC), wherever they were put."""
    found = [text(each) for key in ("lyrics", "syncedlyrics", "unsyncedlyrics") for each in others.get(key, ())]
    timed = [each for each in found if each and TIMED.search(each)]
    plain = [each for each in found if each and each not in timed]
    return {"lyrics": plain[0] if plain else None, "synced_lyrics": timed[0] if timed else None}


def _ids(others: dict[str, list[Any]]) -> dict[str, str | None]:
    owned = [str(each) for each in others.get("ufid", ()) if OWNER_OF_IDS in str(each)]
    recording = [*others.get("musicbrainztrackid", ()), *others.get("musicbrainzrecordingid", ()), *owned]
    return {"musicbrainz_id": _id(recording), "musicbrainz_album_id": _id(others.get("musicbrainzalbumid", ()))}


def _id(values: Iterable[Any]) -> str | None:
    found = (MUSICBRAINZ_ID.search(str(each)[:MAX_NAME].lower()) for each in values)
    return next((match.group() for match in found if match), None)


def _people(others: dict[str, list[Any]], role: str) -> list[str]:
    """Of ID3's list of who did what: role and name by turns."""
    words = [word.strip() for key in ("tipl", "ipls") for each in others.get(key, ()) for word in str(each).split("\x00")]
    return [who for what, who in zip(words[::2], words[1::2], strict=False) if what.lower() == role]


def _is_compilation(others: dict[str, list[Any]]) -> bool:
    said = [each for key in ("compilation", "tcmp", "cpil") for each in others.get(key, ())]
    return any(str(each).strip().lower() in ("1", "true") for each in said)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 < value < MAX_NUMBER else None


def _year(value: Any) -> int | None:
    match = YEAR.search(str(value or "")[:MAX_NAME])
    return int(match.group()) or None if match else None


def _bpm(values: Iterable[Any]) -> float | None:
    for each in values:
        try:
            found = float(str(each).strip())
        except ValueError:
            continue
        if math.isfinite(found) and 0 < found < MAX_BPM:
            return found
    return None
