"""Audio files: the rows. What their bytes are is decided elsewhere; here is who owns them and how far they have come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from services.media import quota
from services.media.errors import NoSuchFile, OwnedBySession
from services.media.models import FOLLOWS, LIBRARY, LISTED, PLAYABLE, AudioFile, Kind, State
from shared import clock

Row = dict[str, Any]

SHOWN = (
    AudioFile.id,
    AudioFile.user_id,
    AudioFile.filename,
    AudioFile.title,
    AudioFile.artist,
    AudioFile.album,
    AudioFile.duration,
    AudioFile.file_size,
    AudioFile.mime_type,
    AudioFile.state.label("status"),
    AudioFile.kind,
    AudioFile.error,
    AudioFile.created_at,
    AudioFile.cover_key,
)
BYTES = (
    AudioFile.id,
    AudioFile.filename,
    AudioFile.file_size,
    AudioFile.mime_type,
    AudioFile.bucket,
    AudioFile.object_key,
    AudioFile.sha256,
    AudioFile.cover_key,
    AudioFile.created_at,
)


def newest(
    db: Session,
    *,
    user_id: UUID,
    kinds: Sequence[Kind] = LIBRARY,
    limit: int,
    offset: int = 0,
    after: tuple[datetime, UUID] | None = None,
) -> tuple[int, list[Row]]:
    """How many there are, and one page of them, newest first; `after` is where the page before ended."""
    mine = (
        AudioFile.user_id == user_id,
        AudioFile.kind.in_([each.value for each in kinds]),
        AudioFile.state.in_([each.value for each in LISTED]),
    )
    total = db.scalar(select(func.count()).select_from(AudioFile).where(*mine)) or 0
    page = select(*SHOWN).where(*mine).order_by(AudioFile.created_at.desc(), AudioFile.id.desc()).limit(limit).offset(offset)
    if after:
        page = page.where(tuple_(AudioFile.created_at, AudioFile.id) < after)
    return total, [dict(row) for row in db.execute(page).mappings()]


def show(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """One file as its owner sees it. Raises NoSuchFile."""
    row = db.execute(
        select(*SHOWN).where(
            AudioFile.id == file_id,
            AudioFile.user_id == user_id,
            AudioFile.state.in_([each.value for each in LISTED]),
        )
    )
    return dict(_one(row.mappings().first()))


def bytes_of(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """Where the bytes of a file are that may be played. Raises NoSuchFile."""
    row = db.execute(
        select(*BYTES).where(
            AudioFile.id == file_id,
            AudioFile.user_id == user_id,
            AudioFile.state.in_([each.value for each in PLAYABLE]),
        )
    )
    return dict(_one(row.mappings().first()))


def playable(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> list[UUID]:
    """Those of `file_ids` that this user may play."""
    found = select(AudioFile.id).where(
        AudioFile.id.in_(file_ids),
        AudioFile.user_id == user_id,
        AudioFile.state.in_([each.value for each in PLAYABLE]),
    )
    return list(db.scalars(found))


def intend(db: Session, file_id: UUID, *, user_id: UUID, reserved_bytes: int, kind: Kind = Kind.UPLOAD) -> None:
    """Write down that bytes are about to come, before the first of them is read."""
    db.execute(
        insert(AudioFile).values(
            id=file_id,
            user_id=user_id,
            filename="",
            file_size=reserved_bytes,
            kind=kind.value,
            state=State.UPLOADING.value,
            created_at=clock.now(),
            updated_at=clock.now(),
        )
    )


def describe(db: Session, file_id: UUID, *, user_id: UUID, **facts: Any) -> None:
    """Write down what the bytes are and where they will be. Raises NoSuchFile where the sweep has given the upload up."""
    change = update(AudioFile).where(
        AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.UPLOADING.value
    )
    _one(db.execute(change.values(**facts).returning(AudioFile.id)).first())


def become(db: Session, file_id: UUID, state: State, *, user_id: UUID, **facts: Any) -> None:
    """Go on to `state`, as FOLLOWS allows. Raises NoSuchFile where that is not possible any more."""
    before = [each.value for each, allowed in FOLLOWS.items() if state in allowed]
    change = update(AudioFile).where(AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state.in_(before))
    values = {"state": state.value, "updated_at": clock.now(), **facts}
    _one(db.execute(change.values(**values).returning(AudioFile.id)).first())


def delete(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """Make a file unreadable at once and give its room back; a job deletes the bytes. Raises NoSuchFile, OwnedBySession."""
    row = show(db, file_id, user_id=user_id)
    if row["kind"] == Kind.RECORDING.value:
        raise OwnedBySession
    return end(db, file_id, user_id=user_id)


def end(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """The same for any kind; returns where the bytes are."""
    become(db, file_id, State.DELETING, user_id=user_id)
    its_bytes = select(*BYTES).where(AudioFile.id == file_id, AudioFile.user_id == user_id)
    row = dict(_one(db.execute(its_bytes).mappings().first()))
    quota.release(db, row["file_size"], user_id=user_id)
    return row


def is_deleting(db: Session, file_id: UUID, *, user_id: UUID) -> bool:
    """Whether this file is deleted and its bytes are still to go."""
    row = select(AudioFile.id).where(
        AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.DELETING.value
    )
    return db.scalar(row) is not None


def forget(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> None:
    """Remove rows whose bytes are gone, or never came; an upload that is given up gives its room back."""
    gone = sql_delete(AudioFile).where(
        AudioFile.id.in_(file_ids),
        AudioFile.user_id == user_id,
        or_(AudioFile.state == State.UPLOADING.value, AudioFile.state == State.DELETING.value),
    )
    removed = db.execute(gone.returning(AudioFile.state, AudioFile.file_size)).all()
    reserved = sum(size for state, size in removed if state == State.UPLOADING.value)
    if reserved:
        quota.release(db, reserved, user_id=user_id)


def _one(row: Any) -> Any:
    if row is None:
        raise NoSuchFile
    return row
