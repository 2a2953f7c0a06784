"""Links to some of a user's music, for anybody who has them: tracks, an album, a playlist; until they end or are taken back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from services.media.errors import NoSuchAlbum, NoSuchFile, NoSuchPlaylist, NoSuchShare, ShareOver
from services.media.library import files
from services.media.library import tracks as library
from services.media.library.files import Page, Row
from services.media.models.catalogue import Album
from services.media.models.files import AudioFile
from services.media.models.playlists import Playlist
from services.media.models.sharing import Shared, ShareLink
from services.media.playlists import entries, lists
from shared import clock, ids
from shared import db as database

SHOWN = (
    ShareLink.id,
    ShareLink.user_id,
    ShareLink.shared,
    ShareLink.target_id,
    ShareLink.file_ids,
    ShareLink.description,
    ShareLink.can_download,
    ShareLink.format,
    ShareLink.max_bit_rate_kbps,
    ShareLink.expires_at,
    ShareLink.visits,
    ShareLink.visited_at,
    ShareLink.created_at,
)
_OWNER = select(func.owner_of_share_link(bindparam("link", type_=Uuid()), type_=Uuid()))


def create(
    db: Session,
    *,
    user_id: UUID,
    file_ids: Sequence[UUID] = (),
    album_id: UUID | None = None,
    playlist_id: UUID | None = None,
    **facts: Any,
) -> Row:
    """Make a link to some tracks, else to an album, else to a playlist. Raises NoSuchFile, NoSuchAlbum, NoSuchPlaylist.

    `facts` are what `change` takes.
    """
    if file_ids:
        if len(files.playable(db, file_ids, user_id=user_id)) < len(set(file_ids)):
            raise NoSuchFile
        shared, target = Shared.TRACKS, None
    elif album_id:
        if db.scalar(select(Album.id).where(Album.id == album_id, Album.user_id == user_id)) is None:
            raise NoSuchAlbum
        shared, target = Shared.ALBUM, album_id
    else:
        if db.scalar(select(Playlist.id).where(Playlist.id == playlist_id, Playlist.user_id == user_id)) is None:
            raise NoSuchPlaylist
        shared, target = Shared.PLAYLIST, playlist_id
    to = {"shared": shared.value, "target_id": target, "file_ids": list(file_ids)}
    made = insert(ShareLink).values(id=ids.new(), user_id=user_id, created_at=clock.now(), **to, **facts)
    return _one(db.execute(made.returning(*SHOWN)).mappings().first())


def show(db: Session, link_id: UUID, *, user_id: UUID) -> Row:
    """One of this user's links, over or not. Raises NoSuchShare."""
    return _one(db.execute(select(*SHOWN).where(*_mine(link_id, user_id))).mappings().first())


def newest(db: Session, *, user_id: UUID, limit: int, offset: int = 0) -> Page:
    """This user's links, those that are over too, newest first."""
    mine = ShareLink.user_id == user_id
    chosen = select(*SHOWN).where(mine).order_by(ShareLink.created_at.desc(), ShareLink.id.desc())
    rows = [dict(row) for row in db.execute(chosen.limit(limit + 1).offset(offset)).mappings()]
    total = int(db.scalar(select(func.count()).select_from(ShareLink).where(mine)) or 0)
    return Page(rows[:limit], total, has_more=len(rows) > limit)


def change(db: Session, link_id: UUID, *, user_id: UUID, **facts: Any) -> Row:
    """Change `description`, `can_download`, `format`, `max_bit_rate_kbps` or `expires_at`. Raises NoSuchShare."""
    if not facts:
        return show(db, link_id, user_id=user_id)
    changed = update(ShareLink).where(*_mine(link_id, user_id)).values(**facts)
    return _one(db.execute(changed.returning(*SHOWN)).mappings().first())


def take_back(db: Session, link_id: UUID, *, user_id: UUID) -> None:
    """End a link: from now on it leads nowhere. Raises NoSuchShare."""
    _one(db.execute(delete(ShareLink).where(*_mine(link_id, user_id)).returning(*SHOWN)).mappings().first())


def follow(db: Session, link_id: UUID) -> Row:
    """The link that a secret is of, in a transaction that goes on as its owner. Raises NoSuchShare, ShareOver."""
    owner = db.scalar(_OWNER, {"link": link_id})
    if owner is None:
        raise NoSuchShare
    database.become(db, owner)
    link = show(db, link_id, user_id=owner)
    if link["expires_at"] and link["expires_at"] <= clock.now():
        raise ShareOver
    return link


def visited(db: Session, link: Row) -> None:
    """Count that somebody looked at it."""
    seen = update(ShareLink).where(*_mine(link["id"], link["user_id"]))
    db.execute(seen.values(visits=ShareLink.visits + 1, visited_at=clock.now()))


def title(db: Session, link: Row, tracks: Sequence[Row]) -> str:
    """What to call what it leads to. Raises NoSuchShare where the playlist is deleted."""
    match link["shared"]:
        case Shared.ALBUM:
            name = db.scalar(select(Album.name).where(Album.id == link["target_id"], Album.user_id == link["user_id"]))
        case Shared.PLAYLIST:
            name = _playlist(db, link)["name"]
        case _:
            name = tracks[0]["title"] if len(tracks) == 1 else None
    return name or "Tracks"


def tracks(db: Session, link: Row) -> list[Row]:
    """What of it can be played just now, in its order: rows of `entries.TRACK`. Raises NoSuchShare."""
    if link["shared"] == Shared.PLAYLIST:
        return entries.tracks(db, _playlist(db, link))
    if link["shared"] == Shared.ALBUM:
        return library.on_album(db, link["target_id"], entries.TRACK, user_id=link["user_id"])
    found = {row["id"]: dict(row) for row in db.execute(_files(link, AudioFile.id.in_(link["file_ids"]))).mappings()}
    return [found[each] for each in link["file_ids"] if each in found]


def track(db: Session, link: Row, file_id: UUID) -> Row:
    """One track of it. Of rules it is any that meets them, whatever their `limit`. Raises NoSuchFile, NoSuchShare."""
    if link["shared"] == Shared.PLAYLIST:
        return entries.one(db, _playlist(db, link), file_id)
    its = AudioFile.album_id == link["target_id"] if link["shared"] == Shared.ALBUM else AudioFile.id.in_(link["file_ids"])
    row = db.execute(_files(link, its).where(AudioFile.id == file_id)).mappings().first()
    if row is None:
        raise NoSuchFile
    return dict(row)


def _playlist(db: Session, link: Row) -> Row:
    try:
        return lists.show(db, link["target_id"], user_id=link["user_id"])
    except NoSuchPlaylist:
        raise NoSuchShare from None


def _files(link: Row, which: Any) -> Any:
    return select(*entries.TRACK).where(AudioFile.user_id == link["user_id"], entries.PLAYS, which)


def _mine(link_id: UUID, user_id: UUID) -> tuple[Any, ...]:
    return ShareLink.id == link_id, ShareLink.user_id == user_id


def _one(row: Any) -> Row:
    if row is None:
        raise NoSuchShare
    return dict(row)
