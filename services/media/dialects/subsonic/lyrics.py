"""Lyrics: plain, and with the instant of each line where the song has them as LRC."""

from typing import Any

from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.dialects.subsonic.shapes import title_of
from services.media.library import lyrics
from services.media.library.files import Row

UNKNOWN_LANGUAGE = "und"  # ISO 639: undetermined


@method("getLyrics")
def find_lyrics(call: Signed) -> Answer:
    """Lyrics of a song by its title and artist; none where none are known."""
    title, artist = call.parameters.text("title", ""), call.parameters.text("artist", "")
    with call.transaction() as db:
        found = lyrics.named(db, title, artist, user_id=call.user_id)
    if found is None:
        return {"lyrics": {"value": ""}}
    text = found["lyrics"] or lyrics.plain(found["synced_lyrics"])
    return {"lyrics": {"artist": found["artist"], "title": title_of(found), "value": text}}


@method("getLyricsBySongId")
def show_lyrics(call: Signed) -> Answer:
    """Lyrics of a song, line by line: the synced ones first, if there are any."""
    with call.transaction() as db:
        found = lyrics.of(db, call.parameters.id(), user_id=call.user_id)
    synced, plain = _timed(found["synced_lyrics"] or ""), (found["lyrics"] or "").splitlines()
    shown = [_structured(found, synced, is_synced=True)] if synced else []
    shown += [_structured(found, [{"value": line} for line in plain], is_synced=False)] if plain else []
    return {"lyricsList": {"structuredLyrics": shown}}


def _timed(lrc: str) -> list[dict[str, Any]]:
    """The lines of an LRC text by time, in milliseconds."""
    return [{"start": line.start_ms, "value": line.text} for line in lyrics.lines(lrc)]


def _structured(song: Row, lines: list[dict[str, Any]], *, is_synced: bool) -> dict[str, Any]:
    return {
        "lang": UNKNOWN_LANGUAGE,
        "synced": is_synced,
        "displayArtist": song["artist"],
        "displayTitle": title_of(song),
        "line": lines,
    }
