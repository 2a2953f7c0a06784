"""Pictures: the rows of seed 003's table `media`. A picture is kept as JPEGs of fixed sizes, made anew by a child process."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from services.media.errors import NoSuchPicture
from services.media.library import locking, readers
from services.media.library.files import Page, Row
from services.media.models.files import State
from services.media.models.pictures import Picture, Purpose
from services.media.processing import pictures
from services.media.receiving import quota
from shared import clock
from shared import db as database

SHOWN = (
    Picture.id,
    Picture.user_id,
    Picture.media_url,
    Picture.media_type,
    Picture.uploaded_at,
    Picture.purpose,
    Picture.width,
    Picture.height,
    Picture.size_bytes,
)
# As `playing.covers` sends them: a picture is a cover of its own.
BYTES = (
    Picture.id,
    Picture.user_id,
    Picture.bucket,
    Picture.object_key.label("cover_key"),
    Picture.sha256,
    Picture.state,
    Picture.size_bytes,
)


def key_of(picture_id: UUID, user_id: UUID) -> str:
    """Where a picture's largest object is."""
    return f"storage/image/{user_id}/{picture_id}.jpg"


def objects_of(row: Any) -> list[list[str]]:
    """Bucket and key of everything stored for a picture."""
    return [[row["bucket"], key] for key in pictures.keys(row["cover_key"])]


def intend(db: Session, picture_id: UUID, *, user_id: UUID, purpose: Purpose, **facts: Any) -> None:
    """Write down that a picture is about to be stored."""
    named = {"media_url": f"/files/images/{picture_id}", "media_type": pictures.MIME_TYPE, "state": State.UPLOADING.value}
    db.execute(insert(Picture).values(id=picture_id, user_id=user_id, purpose=purpose.value, **named, **facts))


def make_true(db: Session, picture_id: UUID, *, user_id: UUID) -> Row:
    """All of it is stored. Raises NoSuchPicture where it was given up meanwhile."""
    mine = (Picture.id == picture_id, Picture.user_id == user_id, Picture.state == State.UPLOADING.value)
    now = clock.now()
    made = db.execute(update(Picture).where(*mine).values(state=State.READY.value, updated_at=now).returning(*SHOWN))
    return _one(made.mappings().first())


def newest(db: Session, *, user_id: UUID, limit: int, offset: int = 0) -> Page:
    """One page of a user's pictures, newest first."""
    mine = (Picture.user_id == user_id, Picture.state == State.READY.value)
    wanted = select(*SHOWN).where(*mine).order_by(Picture.uploaded_at.desc(), Picture.id.desc())
    rows = [dict(row) for row in db.execute(wanted.limit(limit + 1).offset(offset)).mappings()]
    total = db.scalar(select(func.count()).select_from(Picture).where(*mine)) or 0
    return Page(rows[:limit], total, has_more=len(rows) > limit)


def bytes_for(db: Session, picture_id: UUID, *, reader_id: UUID) -> Row:
    """Where a picture is that somebody may see: their own, one shown to an audience of theirs, or an avatar.

    Goes on as its owner. Raises NoSuchPicture.
    """
    owner = readers.owner_of(db, picture_id, reader_id=reader_id)
    if owner is not None and owner != reader_id:
        database.become(db, owner)
    mine = (Picture.id == picture_id, Picture.user_id == (owner or reader_id), Picture.state == State.READY.value)
    return _one(db.execute(select(*BYTES).where(*mine)).mappings().first())


def avatar(db: Session, *, of_user_id: UUID) -> Row:
    """Where somebody's newest avatar is, which everybody who is signed in may see. Goes on as them. Raises NoSuchPicture."""
    database.become(db, of_user_id)
    theirs = (Picture.user_id == of_user_id, Picture.purpose == Purpose.AVATAR.value, Picture.state == State.READY.value)
    newest = select(*BYTES).where(*theirs).order_by(Picture.uploaded_at.desc(), Picture.id.desc()).limit(1)
    return _one(db.execute(newest).mappings().first())


def end(db: Session, picture_id: UUID, *, user_id: UUID) -> Row:
    """Make a picture unreadable at once and give its room back. Raises NoSuchPicture."""
    mine = (Picture.id == picture_id, Picture.user_id == user_id, Picture.state != State.DELETING.value)
    gone = update(Picture).where(*mine).values(state=State.DELETING.value, updated_at=clock.now())
    row = _one(db.execute(gone.returning(*BYTES)).mappings().first())
    quota.release(db, row["size_bytes"], user_id=user_id)
    return row


def takes_its_turn(db: Session, picture_id: UUID, state: State, *, user_id: UUID) -> bool:
    """Whether a picture is still in this state; from now on it has waited for no time, so that others have their turn first."""
    locking.lock(db, user_id=user_id)
    mine = (Picture.id == picture_id, Picture.user_id == user_id, Picture.state == state.value)
    return db.execute(update(Picture).where(*mine).values(updated_at=clock.now()).returning(Picture.id)).first() is not None


def forget(db: Session, picture_ids: Sequence[UUID], *, user_id: UUID) -> None:
    """Remove the rows of pictures whose bytes are gone."""
    mine = (Picture.id.in_(picture_ids), Picture.user_id == user_id, Picture.state == State.DELETING.value)
    db.execute(sql_delete(Picture).where(*mine))


def _one(row: Any) -> Row:
    if row is None:
        raise NoSuchPicture
    return dict(row)
