"""Lyrics: plain, and with the instant of each line where the song has them as LRC."""

import re
from typing import Any

from services.media.dialects.subsonic.entries import title_of
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.library import entries as library
from services.media.library.files import Row

UNKNOWN_LANGUAGE = "und"  # ISO 639: undetermined
TIMES = re.compile(r"((?:\[\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?\])+)(.*)")
TIME = re.compile(r"\[(\d+):(\d+)(?:[.:](\d+))?\]")
OFFSET = re.compile(r"\[offset:\s*([+-]?\d{1,9})\s*\]", re.IGNORECASE)


@method("getLyrics")
def find_lyrics(call: Signed) -> Answer:
    """Lyrics of a song by its title and artist; none where none are known."""
    title, artist = call.parameters.text("title", ""), call.parameters.text("artist", "")
    with call.transaction() as db:
        found = library.lyrics_named(db, title, artist, user_id=call.user_id)
    if found is None:
        return {"lyrics": {"value": ""}}
    text = found["lyrics"] or "\n".join(line["value"] for line in timed(found["synced_lyrics"]))
    return {"lyrics": {"artist": found["artist"], "title": title_of(found), "value": text}}


@method("getLyricsBySongId")
def show_lyrics(call: Signed) -> Answer:
    """Lyrics of a song, line by line: the synced ones first, if there are any."""
    with call.transaction() as db:
        found = library.lyrics(db, call.parameters.id(), user_id=call.user_id)
    synced, plain = timed(found["synced_lyrics"] or ""), (found["lyrics"] or "").splitlines()
    shown = [_structured(found, synced, is_synced=True)] if synced else []
    shown += [_structured(found, [{"value": line} for line in plain], is_synced=False)] if plain else []
    return {"lyricsList": {"structuredLyrics": shown}}


def timed(lrc: str) -> list[dict[str, Any]]:
    """The lines of an LRC text by time, each `{start, value}`, in milliseconds; what has no time is no line.

    >>> timed("[ti:Largo]\\n[00:02.50][01:00]Going home\\n[00:01.5]Ah")
    [{'start': 1500, 'value': 'Ah'}, {'start': 2500, 'value': 'Going home'}, {'start': 60000, 'value': 'Going home'}]
    """
    offset = OFFSET.search(lrc)
    earlier = int(offset.group(1)) if offset else 0
    lines = []
    for match in filter(None, map(TIMES.match, lrc.splitlines())):
        for minutes, seconds, fraction in TIME.findall(match.group(1)):
            at = (int(minutes) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0") or 0)
            lines.append({"start": max(0, at - earlier), "value": match.group(2).strip()})
    return sorted(lines, key=lambda line: line["start"])


def _structured(song: Row, lines: list[dict[str, Any]], *, is_synced: bool) -> dict[str, Any]:
    return {
        "lang": UNKNOWN_LANGUAGE,
        "synced": is_synced,
        "displayArtist": song["artist"],
        "displayTitle": title_of(song),
        "line": lines,
    }
