"""Playlists: a listener's own, and the public ones of others, which they can only play."""

from typing import Any
from uuid import UUID

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.failures import ParameterMissing, ParameterWrong
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.library.files import Row
from services.media.playlists import entries, lists
from shared import clock
from shared import db as database

OWN = 1_000  # playlists of one's own in one answer: the protocol knows no pages here
OF_OTHERS = 500
LONGEST_NAME = 255
LONGEST_COMMENT = 4_000


@method("getPlaylists")
def list_playlists(call: Signed) -> Answer:
    """Every playlist that one may play: one's own by name, then public ones."""
    if call.parameters.text("username", call.username) != call.username:
        return {"playlists": {"playlist": []}}
    with call.transaction() as db:
        mine = lists.page(db, user_id=call.user_id, order="name", limit=OWN)
        others = lists.page(db, user_id=call.user_id, which=lists.PUBLIC & ~lists.MINE, order="popular", limit=OF_OTHERS)
    return {"playlists": {"playlist": [_playlist(call, row) for row in (*mine.rows, *others.rows)]}}


@method("getPlaylist")
def show_playlist(call: Signed) -> Answer:
    """A playlist and what is in it."""
    with call.transaction() as db:
        return {"playlist": _whole(call, db, lists.show(db, call.parameters.id(), user_id=call.user_id))}


@method("createPlaylist")
def create_playlist(call: Signed) -> Answer:
    """Start a playlist with these songs; with `playlistId`, let that one hold these and no others."""
    asked, user_id = call.parameters, call.user_id
    playlist_id, songs, name = asked.maybe_id("playlistId"), asked.ids("songId"), _name(call)
    with call.transaction() as db:
        if playlist_id is not None:
            row = entries.replace(db, playlist_id, songs, user_id=user_id)
            row = lists.change(db, playlist_id, user_id=user_id, name=name) if name else row
        elif name is not None:
            row = lists.create(db, user_id=user_id, name=name)
            row = entries.add(db, row["id"], songs, user_id=user_id) if songs else row
        else:
            raise ParameterMissing(parameter="name")
        return {"playlist": _whole(call, db, row)}


@method("updatePlaylist")
def change_playlist(call: Signed) -> Answer:
    """Rename a playlist, describe it, publish it; take songs out by their index, then put others behind the last."""
    asked = call.parameters
    playlist_id, facts = asked.id("playlistId"), _facts(call)
    gone, new = asked.numbers("songIndexToRemove", least=0), asked.ids("songIdToAdd")
    with call.transaction() as db:
        if gone or new:
            entries.edit(db, playlist_id, user_id=call.user_id, remove_at=gone, add_ids=new)
        lists.change(db, playlist_id, user_id=call.user_id, **facts)
    return {}


@method("deletePlaylist")
def delete_playlist(call: Signed) -> Answer:
    """Delete a playlist of one's own; its songs stay."""
    with call.transaction() as db:
        lists.delete_one(db, call.parameters.id(), user_id=call.user_id)
    return {}


def _facts(call: Signed) -> dict[str, Any]:
    asked = call.parameters
    facts: dict[str, Any] = {}
    if (name := _name(call)) is not None:
        facts["name"] = name
    if "comment" in asked:
        facts["description"] = asked.text("comment", at_most=LONGEST_COMMENT)
    if "public" in asked:
        facts["is_public"] = asked.flag("public", default=False)
    return facts


def _name(call: Signed) -> str | None:
    """On one line, or None where none is sent."""
    if "name" not in call.parameters:
        return None
    name = " ".join(call.parameters.text("name", at_most=LONGEST_NAME).split())
    if not name:
        raise ParameterWrong(parameter="name is empty")
    return name


def _whole(call: Signed, db: Any, row: Row) -> dict[str, Any]:
    """A playlist with its songs. Those of somebody else's tell nothing of what their owner makes of them."""
    owner: UUID = row["user_id"]
    if owner != call.user_id:
        database.become(db, owner)
    tracks = entries.tracks(db, row)
    songs = shapes.by_id(db, [track["id"] for track in tracks], user_id=owner)
    shown = [songs[track["id"]] for track in tracks if track["id"] in songs]
    if owner != call.user_id:
        shown = [{name: value for name, value in song.items() if name not in shapes.PRIVATE} for song in shown]
    lasting = {"songCount": len(shown), "duration": sum(song.get("duration") or 0 for song in shown)}  # of rules, just now
    return {**_playlist(call, row), **(lasting if row["rules"] is not None else {}), "entry": shown}


def _playlist(call: Signed, row: Row) -> dict[str, Any]:
    is_mine = row["user_id"] == call.user_id
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "comment": row["description"],
        "owner": call.username if is_mine else str(row["user_id"]),
        "public": row["is_public"],
        "songCount": row["track_count"],
        "duration": row["duration_ms"] // 1_000,
        "created": clock.iso(row["created_at"]),
        "changed": clock.iso(row["updated_at"]),
        "coverArt": f"pl-{row['id']}",
        "readonly": not is_mine or row["rules"] is not None,
    }
