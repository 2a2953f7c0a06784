"""Bytes: songs to listen to or to keep, covers, and lyrics."""

from functools import cache
from pathlib import Path
from uuid import UUID

from fastapi import Response

from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.errors import BytesLost, NoCover, NoSuchFile
from services.media.library import entries as library
from services.media.playing import covers, streams

KEPT = "private, max-age=3600"  # by players; another cover may come


@method("stream", is_counted=False)
def stream_song(call: Signed) -> Answer:
    """The bytes of a song, whole or one range of them. Never counted as a play: `scrobble` says that it was one."""
    file = call.media.places.find(call.shell.engine, call.parameters.id(), user_id=call.user_id)
    return streams.answer(call.request, streams.twin(file), call.media)


@method("download", is_counted=False)
def download_song(call: Signed) -> Answer:
    """The file as it was uploaded, named for keeping."""
    file = call.media.places.find(call.shell.engine, call.parameters.id(), user_id=call.user_id)
    return streams.answer(call.request, file, call.media, disposition="attachment")


@method("getCoverArt", is_counted=False)
def show_cover(call: Signed) -> Answer:
    """The cover of a song, an album, an artist or a playlist; a picture of a record where there is none."""
    side, wanted = call.parameters.number("size", covers.WHOLE, least=0), call.parameters.id()
    try:
        file = call.media.places.find(call.shell.engine, _cover_file(call, wanted), user_id=call.user_id)
        return covers.answer(call.request, file, call.media, side=side, kept=KEPT)
    except (NoSuchFile, NoCover, BytesLost):
        return placeholder()


@method("getAvatar", is_counted=False)
def show_avatar(call: Signed) -> Answer:
    """The picture of the player's owner."""
    call.parameters.text("username", "")
    return placeholder()


def placeholder() -> Response:
    """What is shown of whoever and whatever has no picture."""
    headers = streams.SAFE_HEADERS | {"Cache-Control": KEPT}
    return Response(_record(), headers=headers, media_type="image/png")


@cache
def _record() -> bytes:
    return Path(__file__).with_name("record.png").read_bytes()


def _cover_file(call: Signed, wanted: UUID) -> UUID:
    """The file whose cover this is: a song's own, or the one that stands for an album or an artist."""
    with call.transaction() as db:
        for look in (library.albums, library.artists):
            found = look(db, [wanted], user_id=call.user_id)
            if found:
                return UUID(int=0) if found[0]["cover_file_id"] is None else UUID(str(found[0]["cover_file_id"]))
    return wanted
