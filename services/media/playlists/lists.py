"""Playlists: the rows. What is in them is `entries`, or follows from `rules`.

Every change counts `version` up in the statement that locks the row, so changes to one playlist come one after the other, and
whoever says which versions they know (If-Match) changes nothing else.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from services.media.errors import NoSuchPlaylist, OrderedByHand, PlaylistChanged, RulesArePrivate
from services.media.library.files import Page, Row
from services.media.library.folding import fold, folded
from services.media.models.files import AudioFile
from services.media.models.playlists import Playlist, PlaylistTrack
from services.media.playlists import rules as ruling
from shared import clock, ids

Versions = Collection[int] | None  # those that a change is meant for; None is any

SHOWN = (
    Playlist.id,
    Playlist.user_id,
    Playlist.name,
    Playlist.description,
    Playlist.is_public,
    Playlist.rules,
    Playlist.track_count,
    Playlist.duration_ms,
    Playlist.version,
    Playlist.created_at,
    Playlist.updated_at,
)
MINE = Playlist.user_id == bindparam("user_id")
VISIBLE = or_(MINE, Playlist.is_public)
PUBLIC = Playlist.is_public.is_(True)
_ORDERS: dict[str, Any] = {
    "newest": (Playlist.created_at.desc(), Playlist.id.desc()),
    "recent": (Playlist.updated_at.desc(), Playlist.id.desc()),
    "popular": (Playlist.track_count.desc(), Playlist.id.desc()),
    "name": (Playlist.sort_name, Playlist.id),
}


def create(
    db: Session,
    *,
    user_id: UUID,
    name: str,
    description: str | None = None,
    is_public: bool = False,
    rules: dict[str, Any] | None = None,
) -> Row:
    """Start a playlist, without tracks. Raises BadRules, RulesArePrivate."""
    if rules is not None:
        ruling.check(rules)
        if is_public:
            raise RulesArePrivate
    values = {"name": name, "sort_name": fold(name), "description": description, "is_public": is_public, "rules": rules}
    now = clock.now()
    made = insert(Playlist).values(id=ids.new(), user_id=user_id, created_at=now, updated_at=now, **values)
    return dict(db.execute(made.returning(*SHOWN)).mappings().one())


def show(db: Session, playlist_id: UUID, *, user_id: UUID) -> Row:
    """A playlist of this user's, or a public one of anybody's. Raises NoSuchPlaylist."""
    found = db.execute(select(*SHOWN).where(Playlist.id == playlist_id, VISIBLE), {"user_id": user_id})
    return _one(found.mappings().first())


def change(db: Session, playlist_id: UUID, *, user_id: UUID, versions: Versions = None, **facts: Any) -> Row:
    """Change `name`, `description`, `is_public` or `rules`. Raises NoSuchPlaylist, PlaylistChanged, OrderedByHand, ..."""
    before = touch(db, playlist_id, user_id=user_id, versions=versions)
    if "rules" in facts:
        if before["rules"] is None or facts["rules"] is None:
            raise OrderedByHand
        ruling.check(facts["rules"])
    if facts.get("is_public") and before["rules"] is not None:
        raise RulesArePrivate
    if "name" in facts:
        facts["sort_name"] = fold(facts["name"])
    return amend(db, playlist_id, user_id=user_id, **facts) if facts else before


def delete_one(db: Session, playlist_id: UUID, *, user_id: UUID, versions: Versions = None) -> None:
    """Delete a playlist; its tracks stay in the library. Raises NoSuchPlaylist, PlaylistChanged."""
    touch(db, playlist_id, user_id=user_id, versions=versions)
    db.execute(delete(Playlist).where(Playlist.id == playlist_id, Playlist.user_id == user_id))


def touch(db: Session, playlist_id: UUID, *, user_id: UUID, versions: Versions = None) -> Row:
    """Lock a playlist of one's own and count the change that follows. Raises NoSuchPlaylist, PlaylistChanged."""
    mine = (Playlist.id == playlist_id, Playlist.user_id == user_id)
    counted = update(Playlist).where(*mine).values(version=Playlist.version + 1, updated_at=clock.now())
    row = dict(_one(db.execute(counted.returning(*SHOWN)).mappings().first()))
    if versions is not None and row["version"] - 1 not in versions:
        raise PlaylistChanged(version=row["version"] - 1)
    return row


def amend(db: Session, playlist_id: UUID, *, user_id: UUID, **facts: Any) -> Row:
    """Write facts of a playlist that this transaction has touched."""
    mine = (Playlist.id == playlist_id, Playlist.user_id == user_id)
    return _one(db.execute(update(Playlist).where(*mine).values(**facts).returning(*SHOWN)).mappings().first())


def page(
    db: Session, *, user_id: UUID, which: ColumnElement[bool] = MINE, order: str = "newest", limit: int, offset: int = 0
) -> Page:
    """Some playlists in one of the orders above; `which` is MINE, VISIBLE or PUBLIC."""
    facts = {"user_id": user_id}
    chosen = select(*SHOWN).where(which).order_by(*_ORDERS[order]).limit(limit + 1).offset(offset)
    rows = [dict(row) for row in db.execute(chosen, facts).mappings()]
    is_all = not offset and len(rows) <= limit
    total = len(rows) if is_all else int(db.scalar(select(func.count()).select_from(Playlist).where(which), facts) or 0)
    return Page(rows[:limit], total, has_more=len(rows) > limit)


def search(
    db: Session,
    text: str,
    *,
    user_id: UUID,
    limit: int,
    offset: int = 0,
    in_descriptions: bool = True,
    in_tracks: bool = False,
) -> Page:
    """One's own playlists whose name holds `text`, or whose description or a track of which does, by name."""
    holds = [Playlist.sort_name.contains(fold(text), autoescape=True)]
    if in_descriptions:
        holds.append(folded(Playlist.description).contains(fold(text), autoescape=True))
    if in_tracks:
        entry = select(PlaylistTrack.id).join(AudioFile, AudioFile.id == PlaylistTrack.file_id)
        its = entry.where(PlaylistTrack.playlist_id == Playlist.id, PlaylistTrack.user_id == user_id, track_holds(text))
        holds.append(its.exists())
    return page(db, user_id=user_id, which=MINE & or_(*holds), order="name", limit=limit, offset=offset)


def suggest(db: Session, text: str, *, user_id: UUID, limit: int) -> Sequence[str]:
    """Names of one's own playlists of which a word begins with `text`, by name."""
    folded = fold(text)
    begins = Playlist.sort_name.startswith(folded, autoescape=True)
    inside = Playlist.sort_name.contains(f" {folded}", autoescape=True)
    names = select(Playlist.name, Playlist.sort_name).where(MINE, or_(begins, inside)).distinct()
    return list(db.scalars(names.order_by(Playlist.sort_name, Playlist.name).limit(limit), {"user_id": user_id}))


def track_holds(text: str) -> ColumnElement[bool]:
    """Whether title, artist, album or name of a file hold `text`, however it is written."""
    columns = (AudioFile.title, AudioFile.artist, AudioFile.album, AudioFile.filename)
    return or_(
        AudioFile.sort_title.contains(fold(text), autoescape=True),
        *(folded(column).contains(fold(text), autoescape=True) for column in columns),
    )


def _one(row: Any) -> Row:
    if row is None:
        raise NoSuchPlaylist
    return dict(row)
