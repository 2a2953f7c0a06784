"""Tracks that are in no catalogue yet: of an older Tutti, or put there by hand."""

from itertools import groupby
from uuid import UUID

from sqlalchemy import select

from services.media.library import catalogue
from services.media.models.files import LIBRARY, AudioFile, State
from services.media.tasks.queue import Work, queue
from shared import db as database

FOUND_AT_ONCE = 5_000
PLACED_AT_ONCE = 500  # in one transaction


@queue.task(every="* * * * *")
def place_forgotten(work: Work) -> None:
    """Place what is ready and has no place. May be repeated."""
    forgotten = select(AudioFile.user_id, AudioFile.id).where(
        AudioFile.catalogued_at.is_(None),
        AudioFile.state == State.READY.value,
        AudioFile.kind.in_([each.value for each in LIBRARY]),
    )
    with database.transaction(work.engine) as db:
        found = sorted((row.user_id, row.id) for row in db.execute(forgotten.limit(FOUND_AT_ONCE)))
    for user_id, mine in groupby(found, key=lambda row: row[0]):
        file_ids = [file_id for _user, file_id in mine]
        for start in range(0, len(file_ids), PLACED_AT_ONCE):
            _place(work, file_ids[start : start + PLACED_AT_ONCE], user_id)


def _place(work: Work, file_ids: list[UUID], user_id: UUID) -> None:
    with database.transaction(work.engine, user_id=user_id) as db:
        catalogue.place(db, file_ids, user_id=user_id)
