"""Lyrics: plain, and synced ones, which have the time of each line before it (LRC)."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Uuid, bindparam, or_, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile, NotSynced
from services.media.library import songs
from services.media.library.files import Row
from services.media.library.folding import fold
from services.media.library.shelving import artist_id
from services.media.models.files import AudioFile

TIME = re.compile(r"\[(\d{1,3}):(\d{2})(?:[.:](\d{1,3}))?\]")
OFFSET = re.compile(r"^[^\S\n]*\[offset[^\S\n]*:[^\S\n]*([+-]?\d{1,6})[^\S\n]*\][^\S\n]*$", re.IGNORECASE | re.MULTILINE)
MINUTE_MS = 60_000

_LYRICS = select(AudioFile.title, AudioFile.filename, AudioFile.artist, AudioFile.lyrics, AudioFile.synced_lyrics).where(
    *songs.LISTENED
)
_LYRICS_OF = _LYRICS.where(AudioFile.id == bindparam("id", type_=Uuid()))
_LYRICS_NAMED = _LYRICS.where(
    AudioFile.sort_title == bindparam("sort_title"),
    or_(AudioFile.artist_id == bindparam("artist_id", type_=Uuid()), bindparam("artist_id", type_=Uuid()).is_(None)),
    or_(AudioFile.lyrics.is_not(None), AudioFile.synced_lyrics.is_not(None)),
).limit(1)
MOST_TIMES = 50  # of one line: a refrain has a few, and each is a line of its own in what is shown


@dataclass(frozen=True, slots=True)
class Line:
    """What is sung, and from when on."""

    start_ms: int
    text: str


def lines(lrc: str) -> list[Line]:
    """The lines of synced lyrics, by time; a line may have several times, and an offset shows all of them earlier.

    >>> [(line.start_ms, line.text) for line in lines("[ti:Help!]\\n[00:12.50]Help!\\n[00:01.00][00:20.5]I need somebody")]
    [(1000, 'I need somebody'), (12500, 'Help!'), (20500, 'I need somebody')]
    """
    said = OFFSET.search(lrc)
    earlier_ms = int(said.group(1)) if said else 0
    found = []
    for line in lrc.splitlines():
        text = TIME.sub("", line).strip()
        for minutes, seconds, fraction in TIME.findall(line)[:MOST_TIMES]:
            at_ms = int(minutes) * MINUTE_MS + int(seconds) * 1_000 + int(fraction.ljust(3, "0") or 0)
            found.append(Line(max(at_ms - earlier_ms, 0), text))
    return sorted(found, key=lambda each: each.start_ms)


def is_synced(text: str) -> bool:
    """Whether any line has its time."""
    return TIME.search(text) is not None


def plain(lrc: str) -> str:
    """Synced lyrics without their times, as they are sung.

    >>> plain("[ti:Help!]\\n[00:12.50]Help!\\n[00:01.00]I need somebody")
    'I need somebody\\nHelp!'
    """
    return "\n".join(each.text for each in lines(lrc)).strip()


def told_apart(words: str | None, synced: str | None) -> dict[str, str | None]:
    """Plain and synced lyrics, by our names, whichever of the two they were sent as. Raises NotSynced."""
    if words and not synced and is_synced(words):
        words, synced = None, words
    if synced and not is_synced(synced):
        raise NotSynced
    return {"lyrics": words, "synced_lyrics": synced}


def of(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """The lyrics of a song, plain and synced, with what it is called. Raises NoSuchFile."""
    found = db.execute(_LYRICS_OF, {"id": file_id, "user_id": user_id}).mappings().first()
    if found is None:
        raise NoSuchFile
    return dict(found)


def named(db: Session, title: str, artist: str, *, user_id: UUID) -> Row | None:
    """The same of a song that has lyrics, by its title and, unless that is empty, its first artist."""
    by = artist_id(user_id, artist) if artist else None
    found = db.execute(_LYRICS_NAMED, {"sort_title": fold(title), "artist_id": by, "user_id": user_id}).mappings().first()
    return dict(found) if found else None
