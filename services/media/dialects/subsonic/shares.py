"""Shares: links to one's own music that anybody may follow who has them."""

from typing import Any
from uuid import UUID

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.failures import ParameterMissing, ParameterWrong
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.errors import NoSuchFile, NoSuchShare
from services.media.library import files, tracks
from services.media.library.files import Row
from services.media.listening import annotations
from services.media.models.catalogue import Found
from services.media.sharing import links

MOST_SONGS = 10_000  # told in one answer, of all its shares
MOST = 500  # shares in one answer: the protocol knows no pages here
AT_ONCE = 1_000  # ids of one share
LONGEST_DESCRIPTION = 4_000


@method("getShares")
def list_shares(call: Signed) -> Answer:
    """One's links, newest first, also those that are over; with their songs, until these are 10,000 of all."""
    shown: list[dict[str, Any]] = []
    left = MOST_SONGS
    with call.transaction() as db:
        for row in links.newest(db, user_id=call.user_id, limit=MOST).rows:
            shown.append(_share(call, db, row, at_most=left))
            left -= len(shown[-1]["entry"])
    return {"shares": {"share": shown}}


@method("createShare")
def create_share(call: Signed) -> Answer:
    """Make a link to songs, an album or a playlist; of several albums it leads to their songs."""
    wanted = list(dict.fromkeys(call.parameters.ids("id")))
    if not wanted:
        raise ParameterMissing(parameter="id")
    if len(wanted) > AT_ONCE:
        raise ParameterWrong(parameter=f"more than {AT_ONCE} ids")
    facts = _facts(call)
    with call.transaction() as db:
        row = links.create(db, user_id=call.user_id, **_target(call, db, wanted), **facts)
        return {"shares": {"share": [_share(call, db, row)]}}


@method("updateShare")
def change_share(call: Signed) -> Answer:
    """Describe a link, or let it end at another time; 0 is never."""
    share_id, facts = call.parameters.id(), _facts(call)
    with call.transaction() as db:
        links.change(db, share_id, user_id=call.user_id, **facts)
    return {}


@method("deleteShare")
def delete_share(call: Signed) -> Answer:
    """From now on the link leads nowhere."""
    with call.transaction() as db:
        links.take_back(db, call.parameters.id(), user_id=call.user_id)
    return {}


def _facts(call: Signed) -> dict[str, Any]:
    asked = call.parameters
    facts: dict[str, Any] = {}
    if "description" in asked:
        facts["description"] = asked.text("description", at_most=LONGEST_DESCRIPTION) or None
    if "expires" in asked:
        facts["expires_at"] = asked.instants("expires")[0] if asked.number("expires", least=0) else None
    return facts


def _target(call: Signed, db: Any, wanted: list[UUID]) -> dict[str, Any]:
    songs = set(files.playable(db, wanted, user_id=call.user_id))
    if len(wanted) == 1 and not songs:
        is_album = annotations.what(db, wanted[0], user_id=call.user_id) is Found.ALBUM
        return {"album_id" if is_album else "playlist_id": wanted[0]}
    found: list[UUID] = []
    for each in wanted:
        theirs = [each] if each in songs else tracks.ids_on_album(db, each, user_id=call.user_id)
        if not theirs:
            raise NoSuchFile
        found += theirs
        if len(found) > MOST_SONGS:
            raise ParameterWrong(parameter=f"more than {MOST_SONGS} songs")
    return {"file_ids": list(dict.fromkeys(found))}


def _share(call: Signed, db: Any, row: Row, *, at_most: int = MOST_SONGS) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "url": call.media.shares.url(row["id"]),
        "description": row["description"],
        "username": call.username,
        "created": row["created_at"],
        "expires": row["expires_at"],
        "lastVisited": row["visited_at"],
        "visitCount": row["visits"],
        "entry": _entries(call, db, row, at_most) if at_most else [],
    }


def _entries(call: Signed, db: Any, row: Row, at_most: int) -> list[shapes.Entry]:
    try:
        told = links.tracks(db, row)[:at_most]
    except NoSuchShare:  # of a playlist that is deleted: its owner may still delete the link
        return []
    songs = shapes.by_id(db, [track["id"] for track in told], user_id=call.user_id)
    return [songs[track["id"]] for track in told if track["id"] in songs]
