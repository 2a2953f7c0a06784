"""What a listener makes of tracks, albums and artists: stars, ratings, and their plays counted.

An annotation is its listener's own and is kept under the id of what it is about, so that an album that comes again finds its
star. Lists show what is in the listener's library now.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.errors import NoSuchAlbum, NoSuchArtist, NoSuchFile
from services.media.library import readers
from services.media.library.files import Row
from services.media.models.catalogue import Album, Artist, Found
from services.media.models.files import PLAYABLE, AudioFile
from services.media.models.listening import Annotation
from shared import clock
from shared import db as database


class By(StrEnum):
    """What a list of annotated things is sorted by; the highest and the latest come first."""

    STARRED = "starred_at"
    RATED = "rating"
    PLAYED_MOST = "play_count"
    PLAYED_LAST = "played_at"


FORGOTTEN_AT_ONCE = 10_000  # a statement takes 65,535 parameters

KEPT = (
    Annotation.target_id,
    Annotation.starred_at,
    Annotation.rating,
    Annotation.rated_at,
    Annotation.play_count,
    Annotation.completed_count,
    Annotation.skip_count,
    Annotation.listened_seconds,
    Annotation.played_at,
)
KEY = [Annotation.user_id, Annotation.target, Annotation.target_id]
MISSING = {Found.TRACK: NoSuchFile, Found.ALBUM: NoSuchAlbum, Found.ARTIST: NoSuchArtist}
_THERE: dict[Found, tuple[Any, tuple[Any, ...]]] = {
    Found.TRACK: (AudioFile, (AudioFile.state.in_([each.value for each in PLAYABLE]),)),
    Found.ALBUM: (Album, ()),
    Found.ARTIST: (Artist, ()),
}
IS_KEPT = {
    By.STARRED: Annotation.starred_at.is_not(None),
    By.RATED: Annotation.rating.is_not(None),
    By.PLAYED_MOST: Annotation.play_count > 0,
    By.PLAYED_LAST: Annotation.played_at.is_not(None),
}
_OF = select(*KEPT).where(
    Annotation.user_id == bindparam("user_id"),
    Annotation.target == bindparam("target"),
    Annotation.target_id.in_(bindparam("ids", expanding=True)),
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('annotations|' || CAST(:user_id AS text), 0))")


def _list_by(target: Found, by: By) -> Select[Any]:
    there, conditions = _THERE[target]
    value = getattr(Annotation, by.value)
    return (
        select(Annotation.target_id)
        .join(there, there.id == Annotation.target_id)
        .where(
            Annotation.user_id == bindparam("user_id"),
            Annotation.target == target.value,
            there.user_id == bindparam("user_id"),
            IS_KEPT[by],
            *conditions,
        )
        .order_by(value.desc(), Annotation.target_id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )


_LISTS = {(target, by): _list_by(target, by) for target in Found for by in By}


def lock(db: Session, *, user_id: UUID) -> None:
    """Let nobody else change this listener's annotations until this transaction ends, in whatever order they are changed."""
    db.execute(_LOCK, {"user_id": str(user_id)})


def star(db: Session, target: Found, target_ids: Iterable[UUID], *, user_id: UUID) -> None:
    """Star these: all of them, or none. What has a star keeps its date. Raises NoSuchFile, NoSuchAlbum, NoSuchArtist."""
    wanted = _readable(db, target, target_ids, user_id=user_id)
    rows = [{"user_id": user_id, "target": target.value, "target_id": each, "starred_at": clock.now()} for each in wanted]
    new = insert(Annotation).values(rows)
    kept = func.coalesce(Annotation.starred_at, new.excluded.starred_at)
    db.execute(new.on_conflict_do_update(index_elements=KEY, set_={"starred_at": kept}))


def unstar(db: Session, target: Found, target_ids: Iterable[UUID], *, user_id: UUID) -> None:
    """Take these stars away; may be repeated. Raises NoSuchFile, NoSuchAlbum, NoSuchArtist where there is nothing."""
    wanted = set(target_ids)
    lock(db, user_id=user_id)
    mine = (Annotation.user_id == user_id, Annotation.target == target.value, Annotation.target_id.in_(wanted))
    known = set(db.scalars(update(Annotation).where(*mine).values(starred_at=None).returning(Annotation.target_id)))
    if unknown := wanted - known:
        _readable(db, target, unknown, user_id=user_id)


def rate(db: Session, target: Found, target_id: UUID, rating: int | None, *, user_id: UUID) -> None:
    """Rate it with 1 to 5; None takes the rating away. Raises NoSuchFile, NoSuchAlbum, NoSuchArtist."""
    _readable(db, target, [target_id], user_id=user_id)
    rated_at = clock.now() if rating else None
    rated = {"rating": rating or None, "rated_at": rated_at}
    new = insert(Annotation).values(user_id=user_id, target=target.value, target_id=target_id, **rated)
    db.execute(new.on_conflict_do_update(index_elements=KEY, set_=rated))


def forget_tracks(db: Session, file_ids: Collection[UUID]) -> None:
    """Forget what anybody made of tracks that are no more, as their plays are; albums and artists may come again."""
    for start in range(0, len(gone := list(file_ids)), FORGOTTEN_AT_ONCE):
        theirs = (Annotation.target == Found.TRACK.value, Annotation.target_id.in_(gone[start : start + FORGOTTEN_AT_ONCE]))
        for listener in sorted(db.scalars(select(Annotation.user_id).where(*theirs).distinct())):
            lock(db, user_id=listener)
        db.execute(delete(Annotation).where(*theirs))


def of(db: Session, target: Found, target_ids: Sequence[UUID], *, user_id: UUID) -> dict[UUID, Row]:
    """What this listener makes of each of these, by id; of some there is nothing."""
    rows = db.execute(_OF, {"user_id": user_id, "target": target.value, "ids": list(target_ids)}).mappings()
    return {row["target_id"]: dict(row) for row in rows}


def listed(db: Session, target: Found, by: By, *, user_id: UUID, limit: int, offset: int = 0) -> list[UUID]:
    """What of this listener's library is starred, rated or played, the latest or the most first."""
    return list(db.scalars(_LISTS[target, by], {"user_id": user_id, "limit": limit, "offset": offset}))


def what(db: Session, any_id: UUID, *, user_id: UUID) -> Found | None:
    """Whether this id of the user's library is a track's, an album's or an artist's."""
    for target, (there, _conditions) in _THERE.items():
        if db.scalar(select(there.id).where(there.id == any_id, there.user_id == user_id)):
            return target
    return None


def track(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """A track that this user may read, held until the transaction ends: `id`, and where it is in their library `album_id`
    and `artist_id`. Raises NoSuchFile.
    """
    if found := _held(db, file_id, user_id):
        return found
    owner = readers.owner_of(db, file_id, reader_id=user_id)
    if owner:
        database.become(db, owner)
        found = _held(db, file_id, owner)
        database.become(db, user_id)
    if not found:
        raise NoSuchFile
    return found | {"album_id": None, "artist_id": None}


def _held(db: Session, file_id: UUID, owner: UUID) -> Row | None:
    there, conditions = _THERE[Found.TRACK]
    wanted = select(AudioFile.id, AudioFile.album_id, AudioFile.artist_id, AudioFile.user_id).where(
        there.id == file_id, there.user_id == owner, *conditions
    )
    row = db.execute(wanted.with_for_update(read=True, key_share=True)).mappings().first()
    return dict(row) if row else None


def _readable(db: Session, target: Found, target_ids: Iterable[UUID], *, user_id: UUID) -> list[UUID]:
    """These ids, sorted, once it is sure that the user may read all of them."""
    wanted, (there, conditions) = sorted(set(target_ids)), _THERE[target]
    lock(db, user_id=user_id)
    found = set(db.scalars(select(there.id).where(there.id.in_(wanted), there.user_id == user_id, *conditions)))
    for each in wanted:
        if each not in found and target is Found.TRACK:
            track(db, each, user_id=user_id)
        elif each not in found:
            raise MISSING[target]
    return wanted
