"""Audio files: the rows. What their bytes are is decided elsewhere; here is who owns them and how far they have come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, func, insert, or_, select, tuple_, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile, OwnedBySession, StillProcessing
from services.media.library import locking
from services.media.models.files import FOLLOWS, LIBRARY, LISTED, PLAYABLE, AudioFile, FileCount, Kind, State
from services.media.receiving import quota
from shared import clock
from shared import db as database
from shared.tables import Instant

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: `total` is how many rows the whole has."""

    rows: list[Row]
    total: int
    has_more: bool


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
# Made once: building a statement takes as long as running this one.
_KINDS = bindparam("kinds", type_=ARRAY(Text()))
_LISTED = (
    AudioFile.user_id == bindparam("user_id"),
    AudioFile.kind == any_(_KINDS),
    AudioFile.state.in_([each.value for each in LISTED]),
)
_NEWEST_FIRST = (AudioFile.created_at.desc(), AudioFile.id.desc())
_COUNT = select(func.coalesce(func.sum(FileCount.files), 0)).where(
    FileCount.user_id == bindparam("user_id"),
    FileCount.kind == any_(_KINDS),
    FileCount.state.in_([each.value for each in LISTED]),
)
_FIRST_PAGE = (
    select(*SHOWN, _COUNT.scalar_subquery().label("total"))
    .where(*_LISTED)
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_NEXT_PAGE = _FIRST_PAGE.where(
    tuple_(AudioFile.created_at, AudioFile.id)
    < tuple_(bindparam("after_at", type_=Instant), bindparam("after_id", type_=Uuid()))
)

BYTES = (
    AudioFile.id,
    AudioFile.user_id,
    AudioFile.state,
    AudioFile.filename,
    AudioFile.file_size,
    AudioFile.mime_type,
    AudioFile.bucket,
    AudioFile.object_key,
    AudioFile.sha256,
    AudioFile.playable_key,
    AudioFile.playable_size,
    AudioFile.playable_sha256,
    AudioFile.codec,
    AudioFile.bit_rate_kbps,
    AudioFile.duration,
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
) -> Page:
    """One page, newest first; `after` is where the page before ended."""
    facts = {"user_id": user_id, "kinds": [each.value for each in kinds], "limit": limit + 1, "offset": offset}
    if after:
        facts |= {"after_at": after[0], "after_id": after[1]}
    rows = database.rows(db, _NEXT_PAGE if after else _FIRST_PAGE, facts)
    counted = [row.pop("total") for row in rows]
    total = counted[0] if counted else db.scalar(_COUNT, facts)
    return Page(rows[:limit], int(total or 0), has_more=len(rows) > limit)


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
    """Where the bytes of a file are that may be played. Raises NoSuchFile, StillProcessing."""
    row = stored(db, file_id, user_id=user_id)
    if row["state"] not in PLAYABLE:
        raise StillProcessing
    return row


def stored(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """Where the bytes of a file are, for a job that may still be looking at them. Raises NoSuchFile."""
    states = [State.PROCESSING.value, State.READY.value]
    row = select(*BYTES).where(AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state.in_(states))
    return dict(_one(db.execute(row).mappings().first()))


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
    locking.lock(db, user_id=user_id)
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
    locking.lock(db, user_id=user_id)
    change = update(AudioFile).where(
        AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.UPLOADING.value
    )
    _one(db.execute(change.values(**facts).returning(AudioFile.id)).first())


def has_cover(db: Session, file_id: UUID, *, user_id: UUID, cover_key: str) -> None:
    """Write down where its cover will be. Raises NoSuchFile where the file is deleted, or all is known of it already."""
    change = update(AudioFile).where(
        AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.PROCESSING.value
    )
    _one(db.execute(change.values(cover_key=cover_key).returning(AudioFile.id)).first())


def show_covers(db: Session, cover_keys: Mapping[UUID, str], *, user_id: UUID) -> list[UUID]:
    """Give ready files new covers, which are stored; those of them that are still there."""
    shown: list[UUID] = []
    for file_id, cover_key in sorted(cover_keys.items()):  # in one order for all, so that nobody waits in a circle
        change = update(AudioFile).where(
            AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.READY.value
        )
        shown += db.scalars(change.values(cover_key=cover_key).returning(AudioFile.id)).all()
    return shown


def cover_key_of(db: Session, file_id: UUID, *, user_id: UUID) -> str | None:
    """Where the cover of a file is, in whatever state."""
    return db.scalar(select(AudioFile.cover_key).where(AudioFile.id == file_id, AudioFile.user_id == user_id))


def learn(db: Session, file_id: UUID, *, user_id: UUID, facts: Row, tags: Row) -> None:
    """A look at the whole file is over and it is ready; `tags` count where nobody has said anything else.

    Raises NoSuchFile.
    """
    locking.lock(db, user_id=user_id)
    mine = (AudioFile.id == file_id, AudioFile.user_id == user_id)
    said = [AudioFile.edited_at, *(getattr(AudioFile, name) for name in tags)]
    row = _one(db.execute(select(*said).where(*mine).with_for_update()).mappings().first())
    news = {name: value for name, value in tags.items() if row["edited_at"] is None or row[name] is None}
    become(db, file_id, State.READY, user_id=user_id, **facts, **news)


def measured(db: Session, file_id: UUID, *, user_id: UUID, **facts: Any) -> None:
    """Write down what a measurement found, or that there is no measuring it. Raises NoSuchFile."""
    change = update(AudioFile).where(
        AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.READY.value
    )
    _one(db.execute(change.values(measured_at=clock.now(), **facts).returning(AudioFile.id)).first())


def is_measured(db: Session, file_id: UUID, *, user_id: UUID) -> bool:
    """Whether its loudness was taken, or given up."""
    row = select(AudioFile.id).where(AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.measured_at.is_not(None))
    return db.scalar(row) is not None


def reject(db: Session, file: Row, *, user_id: UUID, why: str) -> None:
    """It is not what is taken here; its row stays and says why, its room is given back.

    `file` is a row of `stored`; whoever calls this has its objects deleted. Raises NoSuchFile, also where the file has gone
    on from the state that the row tells.
    """
    locking.lock(db, user_id=user_id)
    mine = (AudioFile.id == file["id"], AudioFile.user_id == user_id, AudioFile.state == file["state"])
    _one(db.execute(select(AudioFile.id).where(*mine).with_for_update(key_share=True)).first())
    keys = dict.fromkeys(("object_key", "cover_key", "playable_key", "playable_size", "playable_sha256"))
    become(db, file["id"], State.REJECTED, user_id=user_id, error=why, file_size=0, **keys)
    quota.release(db, file["file_size"], user_id=user_id)


def lose_source(db: Session, file_id: UUID, *, user_id: UUID) -> None:
    """What it was made from may be made anew, as another file: this one was rejected."""
    mine = (AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.REJECTED.value)
    db.execute(update(AudioFile).where(*mine).values(source_id=None))


def become(db: Session, file_id: UUID, state: State, *, user_id: UUID, **facts: Any) -> None:
    """Go on to `state`, as FOLLOWS allows. Raises NoSuchFile where that is not possible any more."""
    locking.lock(db, user_id=user_id)
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


def end_library(db: Session, *, user_id: UUID) -> list[Row]:
    """The same for everything that a library shows; recordings and episodes stay."""
    listed = AudioFile.state.in_([each.value for each in LISTED])
    mine = (AudioFile.user_id == user_id, AudioFile.kind.in_([each.value for each in LIBRARY]), listed)
    ended = update(AudioFile).where(*mine).values(state=State.DELETING.value, updated_at=clock.now()).returning(*BYTES)
    rows = [dict(row) for row in db.execute(ended).mappings()]
    quota.release(db, sum(row["file_size"] for row in rows), user_id=user_id)
    return rows


def deleting(db: Session, *, user_id: UUID, at_most: int) -> list[Row]:
    """Files that are deleted and whose bytes are still to go."""
    gone = select(*BYTES).where(AudioFile.user_id == user_id, AudioFile.state == State.DELETING.value)
    return [dict(row) for row in db.execute(gone.order_by(AudioFile.id).limit(at_most)).mappings()]


def still_uploading(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> Sequence[UUID]:
    """Those of `file_ids` whose second transaction has not become true."""
    mine = (AudioFile.id.in_(file_ids), AudioFile.user_id == user_id)
    return db.scalars(select(AudioFile.id).where(*mine, AudioFile.state == State.UPLOADING.value)).all()


def takes_its_turn(db: Session, file_id: UUID, state: State, *, user_id: UUID) -> bool:
    """Whether a file is still in this state; from now on it has waited for no time, so that others have their turn first."""
    change = update(AudioFile).where(AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == state.value)
    return db.execute(change.values(updated_at=clock.now()).returning(AudioFile.id)).first() is not None


def unknown(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> set[UUID]:
    """Those of `file_ids` that have no row, in whatever state."""
    known = select(AudioFile.id).where(AudioFile.id.in_(file_ids), AudioFile.user_id == user_id)
    return set(file_ids) - set(db.scalars(known))


def named(db: Session, keys: Sequence[str], *, user_id: UUID) -> set[str]:
    """Those of these keys that a file of this user has its bytes under, or will have."""
    its = (AudioFile.user_id == user_id, AudioFile.object_key.in_(keys), AudioFile.state != State.DELETING.value)
    return {key for key in db.scalars(select(AudioFile.object_key).where(*its)) if key}


def is_deleting(db: Session, file_id: UUID, *, user_id: UUID) -> bool:
    """Whether this file is deleted and its bytes are still to go."""
    row = select(AudioFile.id).where(
        AudioFile.id == file_id, AudioFile.user_id == user_id, AudioFile.state == State.DELETING.value
    )
    return db.scalar(row) is not None


def forget(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> None:
    """Remove rows whose bytes are gone, or never came; an upload that is given up gives its room back."""
    locking.lock(db, user_id=user_id)
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
