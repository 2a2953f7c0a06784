"""Where somebody stopped: the play queue that goes from one of their players to the next, and bookmarks."""

from typing import Any
from uuid import UUID

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.failures import ParameterMissing, ParameterWrong
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.listening import bookmarks, queues
from shared import clock

NEVER = "1970-01-01T00:00:00.000Z"  # when a queue was changed that nobody has saved
LONGEST_COMMENT = 4_000  # characters


@method("savePlayQueue")
def save_queue(call: Signed) -> Answer:
    """Keep the queue, its current song and the place in it; no songs, no queue."""
    asked = call.parameters
    file_ids = asked.ids("id")
    current = asked.maybe_id("current")
    if file_ids and current is not None and current not in file_ids:
        raise ParameterWrong(parameter="current is not in the queue")
    return _save(call, file_ids, file_ids.index(current) if file_ids and current else None)


@method("savePlayQueueByIndex")
def save_queue_by_index(call: Signed) -> Answer:
    """The same, the current song named by its place, since a song may be in a queue twice."""
    file_ids, index = call.parameters.ids("id"), call.parameters.maybe_number("currentIndex")
    if file_ids and index is None:
        raise ParameterMissing(parameter="currentIndex")
    if file_ids and index is not None and index >= len(file_ids):
        raise ParameterWrong(parameter="currentIndex is outside the queue")
    return _save(call, file_ids, index)


@method("getPlayQueue")
def show_queue(call: Signed) -> Answer:
    """The queue as the last player left it."""
    queue, shown = _shown(call)
    if queue and queue.current_index is not None:
        shown["current"] = str(queue.file_ids[queue.current_index])
    return {"playQueue": shown}


@method("getPlayQueueByIndex")
def show_queue_by_index(call: Signed) -> Answer:
    """The same, the current song named by its place."""
    queue, shown = _shown(call)
    if queue and queue.current_index is not None:
        shown["currentIndex"] = queue.current_index
    return {"playQueueByIndex": shown}


@method("getBookmarks")
def list_bookmarks(call: Signed) -> Answer:
    """Every bookmark of the player's owner, and of nobody else."""
    with call.transaction() as db:
        found = bookmarks.newest(db, user_id=call.user_id)
        songs = shapes.by_id(db, [row["file_id"] for row in found], user_id=call.user_id)
    return {
        "bookmarks": {
            "bookmark": [
                {
                    "position": row["position_ms"],
                    "username": call.username,
                    "comment": row["comment"],
                    "created": clock.iso(row["created_at"]),
                    "changed": clock.iso(row["changed_at"]),
                    "entry": songs[row["file_id"]],
                }
                for row in found
                if row["file_id"] in songs
            ]
        }
    }


@method("createBookmark")
def put_bookmark(call: Signed) -> Answer:
    """Mark a place in a song, in place of the mark before."""
    asked = call.parameters
    file_id, position_ms = asked.id(), asked.number("position", least=0)
    comment = asked.text("comment", "", at_most=LONGEST_COMMENT) or None
    with call.transaction() as db:
        bookmarks.put(db, file_id, user_id=call.user_id, position_ms=position_ms, comment=comment)
    return {}


@method("deleteBookmark")
def remove_bookmark(call: Signed) -> Answer:
    """Remove the mark of a song."""
    with call.transaction() as db:
        bookmarks.remove(db, call.parameters.id(), user_id=call.user_id)
    return {}


def _save(call: Signed, file_ids: list[UUID], index: int | None) -> Answer:
    position_ms = call.parameters.number("position", 0, least=0)
    with call.transaction() as db:
        queues.save(db, file_ids, user_id=call.user_id, current_index=index, position_ms=position_ms, client=call.client)
    return {}


def _shown(call: Signed) -> tuple[queues.Queue | None, dict[str, Any]]:
    with call.transaction() as db:
        queue = queues.show(db, user_id=call.user_id)
        songs = shapes.by_id(db, queue.file_ids, user_id=call.user_id) if queue else {}
    shown: dict[str, Any] = {"username": call.username, "changed": NEVER, "changedBy": "", "entry": []}
    if queue:
        shown |= {"position": queue.position_ms, "changed": clock.iso(queue.changed_at), "changedBy": queue.changed_by}
        shown["entry"] = [songs[file_id] for file_id in queue.file_ids if file_id in songs]
    return queue, shown
