"""Lyrics: plain, and synced ones, which have the time of each line before it (LRC)."""

import re
from dataclasses import dataclass

from services.media.errors import NotSynced

TIME = re.compile(r"\[(\d{1,3}):(\d{2})(?:[.:](\d{1,3}))?\]")
OFFSET = re.compile(r"^[^\S\n]*\[offset[^\S\n]*:[^\S\n]*([+-]?\d{1,6})[^\S\n]*\][^\S\n]*$", re.IGNORECASE | re.MULTILINE)
MINUTE_MS = 60_000
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
