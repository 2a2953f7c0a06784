"""Deleting pictures: rows at once, bytes by a job; and ending those that died on their way."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.media.library import pictures
from services.media.library.files import Row
from services.media.models.files import State
from services.media.models.pictures import Picture
from services.media.tasks.queue import Work, queue
from shared import clock
from shared import db as database

FORGOTTEN = timedelta(minutes=10)  # a request has ended by then, and a job has had all its attempts
SWEPT_AT_ONCE = 200


@queue.task()
def delete_picture(work: Work, *, picture_id: str, user_id: str, objects: list[list[str]]) -> None:
    """Delete the objects of a deleted picture, then its row. May be repeated."""
    for bucket, key in objects:
        work.store.delete(bucket, key)
    with database.transaction(work.engine, user_id=UUID(user_id)) as db:
        pictures.forget(db, [UUID(picture_id)], user_id=UUID(user_id))


@queue.task(every="* * * * *")
def sweep_pictures(work: Work) -> None:
    """End what never became true, and delete what was forgotten on its way out."""
    unfinished = (
        Picture.state.in_([State.UPLOADING.value, State.DELETING.value]),
        Picture.updated_at < clock.now() - FORGOTTEN,
    )
    wanted = select(*pictures.BYTES).where(*unfinished).order_by(Picture.updated_at).limit(SWEPT_AT_ONCE)
    with database.transaction(work.engine) as db:
        found = db.execute(wanted).mappings().all()
    for row in found:
        with database.transaction(work.engine) as db:
            if not pictures.takes_its_turn(db, row["id"], State(row["state"]), user_id=row["user_id"]):
                continue
            if row["state"] == State.UPLOADING:
                end_picture(db, row["id"], user_id=row["user_id"])
            else:
                _its_bytes(db, row, only_once=f"picture {row['id']}")


def end_picture(db: Session, picture_id: UUID, *, user_id: UUID) -> Row:
    """Delete a picture in this transaction and its bytes after it. Raises NoSuchPicture."""
    row = pictures.end(db, picture_id, user_id=user_id)
    _its_bytes(db, row, only_once=None)
    return row


def _its_bytes(db: Session, row: Any, *, only_once: str | None) -> None:
    names: dict[str, Any] = {"picture_id": str(row["id"]), "user_id": str(row["user_id"])}
    delete_picture.enqueue_with(db, only_once=only_once, objects=pictures.objects_of(row), **names)
