"""What tracks say of themselves, and what their owner says instead: then that counts, and the catalogue follows.

The bytes stay as they are, so nothing that was uploaded is lost.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.media.errors import MetadataChanged, NoSuchFile, StillProcessing
from services.media.library import catalogue, locking
from services.media.library.files import Row
from services.media.library.tracks import TAGS
from services.media.models.files import LIBRARY, AudioFile, State
from shared import clock, json

YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
WORDS = (AudioFile.lyrics, AudioFile.synced_lyrics)
SHOWN = (AudioFile.id, *TAGS, *WORDS, AudioFile.edited_at)


def show(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """All that a track says of itself. Raises NoSuchFile."""
    (row,) = _rows(db, [file_id], user_id=user_id)
    return {each.key: row[each.key] for each in SHOWN}


def edit(
    db: Session, file_ids: Sequence[UUID], *, user_id: UUID, versions: Collection[str] | None = None, **changes: Any
) -> None:
    """Say something else of tracks: of all of them, or of none.

    Raises NoSuchFile, StillProcessing, and MetadataChanged where a track is in none of the `versions` that are meant.
    """
    locking.lock(db, user_id=user_id)
    for row in _rows(db, file_ids, user_id=user_id, lock=True):
        if row["state"] != State.READY:
            raise StillProcessing
        if versions is not None and version(row) not in versions:
            raise MetadataChanged
    now = clock.now()
    values = _with_its_year(changes) | {"edited_at": now, "updated_at": now}
    db.execute(update(AudioFile).where(AudioFile.id.in_(file_ids), AudioFile.user_id == user_id).values(**values))
    catalogue.place(db, file_ids, user_id=user_id)


def version(row: Row) -> str:
    """What a track says of itself now, in 32 characters: the same for the same."""
    said = {each.key: row[each.key] for each in (*TAGS, *WORDS)}
    return hashlib.sha256(json.dumps(said)).hexdigest()[:32]


def _rows(db: Session, file_ids: Sequence[UUID], *, user_id: UUID, lock: bool = False) -> list[Row]:
    """Tracks, in the order of their ids. Raises NoSuchFile where there is one that is not."""
    states = [State.PROCESSING.value, State.READY.value]
    mine = (AudioFile.user_id == user_id, AudioFile.kind.in_([each.value for each in LIBRARY]), AudioFile.state.in_(states))
    wanted = select(*SHOWN, AudioFile.state).where(AudioFile.id.in_(file_ids), *mine).order_by(AudioFile.id)
    rows = [dict(row) for row in db.execute(wanted.with_for_update() if lock else wanted).mappings()]
    if len(rows) < len(set(file_ids)) or not rows:
        raise NoSuchFile
    return rows


def _with_its_year(changes: Row) -> Row:
    """A date tells the year, and a year alone is the date."""
    if "date" in changes:
        match = YEAR.search(changes["date"] or "")
        return changes | {"year": int(match.group()) if match else None}
    if "year" in changes:
        return changes | {"date": None if changes["year"] is None else f"{changes['year']:04}"}
    return changes
