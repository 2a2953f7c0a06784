"""Bytes: songs to listen to or to keep, covers, and lyrics."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Response

from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.dialects.subsonic.parameters import as_id
from services.media.errors import BytesLost, NoCover, NoSuchFile, NoSuchPicture, NoSuchPlaylist
from services.media.library import albums, artists, pictures
from services.media.playing import covers, streams, transcodes
from services.media.playing.transcodes import Asked
from services.media.playlists import entries, lists
from shared import db as database

FORMATS: Mapping[str, Asked] = {  # by what players call them; what is not made here is as if none were asked for
    "raw": "raw",
    "mp3": "mp3",
    "opus": "opus",
    "ogg": "opus",
    "oga": "opus",
    "aac": "aac",
    "m4a": "aac",
}
LONGEST_SECONDS = 7 * 24 * 3600  # of anything that plays
HIGHEST_KBPS = 100_000  # more is no bound
OF_PLAYLIST = "pl-"  # how the id of its cover begins
NOTHING = UUID(int=0)  # the id of nothing
KEPT = "private, max-age=3600"  # by players; another cover may come


@method("stream", is_counted=False)
def stream_song(call: Signed) -> Answer:
    """The bytes of a song, whole or one range of them, or in another format. Never counted as a play: `scrobble` says that.

    `estimateContentLength` is read and not followed: a length that proves wrong breaks the transfer.
    """
    asked = call.parameters
    offset_seconds = asked.number("timeOffset", 0, least=0, most=LONGEST_SECONDS)
    bit_rate_kbps = asked.number("maxBitRate", 0, least=0, most=HIGHEST_KBPS)
    asked.flag("estimateContentLength", default=False)
    file = call.media.places.find(call.shell.engine, asked.id(), user_id=call.user_id)
    return transcodes.answer(
        call.request,
        file,
        call.media,
        format=FORMATS.get(asked.text("format", "").lower()),
        max_bit_rate_kbps=bit_rate_kbps,
        offset_seconds=offset_seconds,
        listener=call.user_id,
    )


@method("download", is_counted=False)
def download_song(call: Signed) -> Answer:
    """The file as it was uploaded, named for keeping."""
    file = call.media.places.find(call.shell.engine, call.parameters.id(), user_id=call.user_id)
    return streams.answer(call.request, file, call.media, disposition="attachment", listener=call.user_id)


@method("getCoverArt", is_counted=False)
def show_cover(call: Signed) -> Answer:
    """The cover of a song, an album, an artist or a playlist; a picture of a record where there is none."""
    side, wanted = call.parameters.number("size", covers.WHOLE, least=0), call.parameters.id()
    try:
        file = call.media.places.find(call.shell.engine, _cover_file(call, wanted), user_id=call.user_id)
        return covers.answer(call.request, file, call.media, side=side, kept=KEPT)
    except (NoSuchFile, NoSuchPlaylist, NoCover, BytesLost):
        return placeholder()


@method("getAvatar", is_counted=False)
def show_avatar(call: Signed) -> Answer:
    """The newest avatar of a user, as `username` or `owner` names them; a picture of a record where there is none."""
    username = call.parameters.text("username", call.username)
    user_id = call.user_id if username == call.username else as_id(username)
    try:
        with call.transaction() as db:
            picture = pictures.avatar(db, of_user_id=user_id)
        return covers.answer(call.request, picture, call.media, side=covers.PIXELS["medium"], kept=KEPT)
    except (NoSuchPicture, NoCover, BytesLost):
        return placeholder()


def placeholder() -> Response:
    """What is shown of whoever and whatever has no picture."""
    headers = streams.SAFE_HEADERS | {"Cache-Control": KEPT}
    return Response(_record(), headers=headers, media_type="image/png")


@cache
def _record() -> bytes:
    return Path(__file__).with_name("record.png").read_bytes()


def _cover_file(call: Signed, wanted: UUID) -> UUID:
    """The file whose cover this is: a song's own, or the one that stands for an album, an artist or a playlist."""
    with call.transaction() as db:
        if call.parameters.text("id").startswith(OF_PLAYLIST):
            return _cover_of_playlist(db, wanted, call.user_id)
        for look in (albums.of, artists.of):
            found = look(db, [wanted], user_id=call.user_id)
            if found:
                return found[0]["cover_file_id"] or NOTHING
    return wanted


def _cover_of_playlist(db: Any, playlist_id: UUID, user_id: UUID) -> UUID:
    """The first track that has one. The transaction goes on as the playlist's owner, who may be somebody else."""
    playlist = lists.show(db, playlist_id, user_id=user_id)
    if playlist["user_id"] != user_id:
        database.become(db, playlist["user_id"])
    return next((track["id"] for track in entries.tracks(db, playlist) if track["cover_key"]), NOTHING)
