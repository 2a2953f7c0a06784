"""What is in a playlist, in its order.

Positions have gaps, so that what comes between two tracks moves no other; where a gap is used up, all are spread anew. To the
outside a place is an index, from 0. Whoever changes a playlist holds its row (`lists.touch`), so no two changes overlap; and
files are locked before playlists everywhere, so no two changes wait for each other.
"""

from collections import deque
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, column, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from services.media.errors import MadeByRules, NoSuchFile, NotInPlaylist, PlaylistFull, StillProcessing
from services.media.library.files import BYTES, Row
from services.media.library.folding import fold
from services.media.library.tracks import MOST_TRACKS
from services.media.models.files import LIBRARY, PLAYABLE, AudioFile, State
from services.media.models.playlists import Playlist, PlaylistTrack
from services.media.playlists import lists
from services.media.playlists import rules as ruling
from services.media.playlists.lists import Versions
from shared import clock, ids

GAP: Final = 1_024  # between two positions: ten tracks may come between them, each after the other, before all are spread anew
POSITIONS = range(-(2**31), 2**31)  # what the column holds

TRACK = (
    *BYTES,
    AudioFile.title,
    AudioFile.artist,
    AudioFile.album,
    AudioFile.duration_ms,
    AudioFile.updated_at,
)
PLAYS = AudioFile.state.in_([each.value for each in PLAYABLE])


def of(db: Session, playlist_ids: Collection[UUID], *, user_id: UUID) -> dict[UUID, list[Row]]:
    """The tracks of some playlists of one owner, each with its `entry_id` and `position`."""
    wanted = select(PlaylistTrack.playlist_id, PlaylistTrack.id.label("entry_id"), PlaylistTrack.added_at, *TRACK)
    mine = (PlaylistTrack.user_id == user_id, AudioFile.user_id == user_id, PLAYS)
    wanted = wanted.join(AudioFile, AudioFile.id == PlaylistTrack.file_id)
    wanted = wanted.where(PlaylistTrack.playlist_id.in_(playlist_ids), *mine)
    found: dict[UUID, list[Row]] = {each: [] for each in playlist_ids}
    for row in db.execute(wanted.order_by(PlaylistTrack.playlist_id, PlaylistTrack.position)).mappings():
        tracks = found[row["playlist_id"]]
        tracks.append(dict(row) | {"position": len(tracks)})
    return found


def tracks(db: Session, playlist: Row) -> list[Row]:
    """The tracks of one playlist, a row of `lists.show`, in their order: the owner's own, or what meets its rules just now."""
    if playlist["rules"] is not None:
        return ruled(db, playlist["rules"], user_id=playlist["user_id"])
    return of(db, [playlist["id"]], user_id=playlist["user_id"])[playlist["id"]]


def ruled(db: Session, rules: dict[str, Any], *, user_id: UUID) -> list[Row]:
    """The tracks of a user's library that meet these rules just now. Raises BadRules."""
    wanted = ruling.read(rules)
    met = _meeting(wanted, user_id)
    found = db.execute(met.order_by(*wanted.order).limit(wanted.limit)).mappings()
    return [dict(row) | {"entry_id": None, "position": number} for number, row in enumerate(found)]


def one(db: Session, playlist: Row, file_id: UUID) -> Row:
    """A track of a playlist; where rules make it, any that meets them, whatever their `limit`. Raises NoSuchFile."""
    owner = playlist["user_id"]
    if playlist["rules"] is not None:
        wanted = _meeting(ruling.read(playlist["rules"]), owner)
    else:
        its = select(PlaylistTrack.file_id).where(*_of(playlist["id"], owner))
        wanted = select(*TRACK).where(AudioFile.user_id == owner, AudioFile.id.in_(its), PLAYS)
    row = db.execute(wanted.where(AudioFile.id == file_id)).mappings().first()
    if row is None:
        raise NoSuchFile
    return dict(row)


def search(tracks: Sequence[Row], text: str) -> list[Row]:
    """Those tracks whose title, artist, album or file name holds `text`, however it is written."""
    wanted, told = fold(text), ("title", "artist", "album", "filename")
    return [row for row in tracks if any(wanted in fold(row[each]) for each in told if row[each])]


def add(
    db: Session,
    playlist_id: UUID,
    file_ids: Sequence[UUID],
    *,
    user_id: UUID,
    at: int | None = None,
    versions: Versions = None,
) -> Row:
    """Put tracks into a playlist, the first of them at index `at`, else behind the last. Raises NoSuchFile, PlaylistFull."""
    _hold(db, file_ids, user_id=user_id)
    row = _touch(db, playlist_id, user_id=user_id, versions=versions)
    if row["track_count"] + len(file_ids) > MOST_TRACKS:
        raise PlaylistFull(at_most=MOST_TRACKS)
    _insert(db, playlist_id, file_ids, user_id=user_id, at=at)
    return _counted(db, playlist_id, user_id=user_id)


def remove(
    db: Session,
    playlist_id: UUID,
    file_id: UUID,
    *,
    user_id: UUID,
    entry_id: UUID | None = None,
    versions: Versions = None,
) -> Row:
    """Take a track out, wherever it stands; or only its entry `entry_id`. Raises NotInPlaylist, ..."""
    _touch(db, playlist_id, user_id=user_id, versions=versions)
    gone = delete(PlaylistTrack).where(*_of(playlist_id, user_id), PlaylistTrack.file_id == file_id)
    if entry_id is not None:
        gone = gone.where(PlaylistTrack.id == entry_id)
    if not db.execute(gone.returning(PlaylistTrack.id)).all():
        raise NotInPlaylist
    return _counted(db, playlist_id, user_id=user_id)


def edit(
    db: Session, playlist_id: UUID, *, user_id: UUID, remove_at: Collection[int] = (), add_ids: Sequence[UUID] = ()
) -> Row:
    """Take out what stands at some indexes, then put tracks behind the last. An index where nothing stands is passed over."""
    _hold(db, add_ids, user_id=user_id)
    row = _touch(db, playlist_id, user_id=user_id)
    entries = [entry for entry, _, _ in _ordered(db, playlist_id, user_id=user_id)]
    gone = {entries[each] for each in remove_at if 0 <= each < len(entries)}
    if row["track_count"] - len(gone) + len(add_ids) > MOST_TRACKS:
        raise PlaylistFull(at_most=MOST_TRACKS)
    if gone:
        db.execute(delete(PlaylistTrack).where(*_of(playlist_id, user_id), PlaylistTrack.id.in_(gone)))
    _insert(db, playlist_id, add_ids, user_id=user_id)
    return _counted(db, playlist_id, user_id=user_id)


def replace(db: Session, playlist_id: UUID, file_ids: Sequence[UUID], *, user_id: UUID, versions: Versions = None) -> Row:
    """Let a playlist hold these tracks and no others. Raises NoSuchFile, PlaylistFull, ..."""
    if len(file_ids) > MOST_TRACKS:
        raise PlaylistFull(at_most=MOST_TRACKS)
    _hold(db, file_ids, user_id=user_id)
    _touch(db, playlist_id, user_id=user_id, versions=versions)
    db.execute(delete(PlaylistTrack).where(*_of(playlist_id, user_id)))
    _insert(db, playlist_id, file_ids, user_id=user_id)
    return _counted(db, playlist_id, user_id=user_id)


def reorder(
    db: Session, playlist_id: UUID, places: Sequence[tuple[UUID, int]], *, user_id: UUID, versions: Versions = None
) -> Row:
    """Put each track at its index, lowest first; all others keep their order around them, so nothing is lost.

    A track that is not there any more is passed over: somebody took it out meanwhile. One that is there several times is moved
    as often as it is named.
    """
    row = _touch(db, playlist_id, user_id=user_id, versions=versions)
    before = _ordered(db, playlist_id, user_id=user_id)
    _put(db, before, arranged([(entry, file) for entry, file, _ in before], places))
    return row


def drop_files(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> None:
    """Take files that are being deleted out of every playlist, in the transaction that ends them."""
    theirs = (PlaylistTrack.user_id == user_id, PlaylistTrack.file_id.in_(file_ids))
    affected = select(PlaylistTrack.playlist_id).where(*theirs)
    locked = select(Playlist.id).where(Playlist.id.in_(affected), Playlist.user_id == user_id)
    for playlist_id in db.scalars(locked.order_by(Playlist.id).with_for_update(key_share=True)).all():
        lists.touch(db, playlist_id, user_id=user_id)
        db.execute(delete(PlaylistTrack).where(*theirs, PlaylistTrack.playlist_id == playlist_id))
        _counted(db, playlist_id, user_id=user_id)


def arranged(entries: Sequence[tuple[UUID, UUID]], places: Sequence[tuple[UUID, int]]) -> list[UUID]:
    """Entries (id and track) in the order that `places` (track and index) make of them.

    >>> a, b, c, d = (UUID(int=n) for n in range(4))
    >>> [each.int for each in arranged([(a, a), (b, b), (c, c), (d, d)], [(d, 0), (b, 1)])]
    [3, 1, 0, 2]
    """
    waiting: dict[UUID, deque[UUID]] = {}
    for entry, file in entries:
        waiting.setdefault(file, deque()).append(entry)
    moved = [(waiting[file].popleft(), at) for file, at in sorted(places, key=lambda each: each[1]) if waiting.get(file)]
    taken = {entry for entry, _ in moved}
    staying, made = deque(entry for entry, _ in entries if entry not in taken), list[UUID]()
    for entry, at in moved:
        while len(made) < at and staying:
            made.append(staying.popleft())
        made.append(entry)
    return [*made, *staying]


def _meeting(rules: ruling.Rules, user_id: UUID) -> Any:
    mine = (AudioFile.user_id == user_id, AudioFile.kind.in_([each.value for each in LIBRARY]), PLAYS)
    return select(*TRACK).where(*mine, rules.meets)


def _hold(db: Session, file_ids: Collection[UUID], *, user_id: UUID) -> None:
    """Keep these files from being deleted until the transaction ends. Raises NoSuchFile, StillProcessing."""
    wanted = set(file_ids)
    states = [each.value for each in (State.PROCESSING, *PLAYABLE)]
    mine = (AudioFile.id.in_(wanted), AudioFile.user_id == user_id, AudioFile.state.in_(states))
    held = db.scalars(select(AudioFile.state).where(*mine).order_by(AudioFile.id).with_for_update(read=True)).all()
    if len(held) < len(wanted):
        raise NoSuchFile
    if State.PROCESSING in held:
        raise StillProcessing


def _touch(db: Session, playlist_id: UUID, *, user_id: UUID, versions: Versions = None) -> Row:
    row = lists.touch(db, playlist_id, user_id=user_id, versions=versions)
    if row["rules"] is not None:
        raise MadeByRules
    return row


def _counted(db: Session, playlist_id: UUID, *, user_id: UUID) -> Row:
    length = func.coalesce(AudioFile.duration_ms, AudioFile.duration * 1_000, 0)
    totals = select(func.count(), func.coalesce(func.sum(length), 0)).select_from(PlaylistTrack)
    its = totals.join(AudioFile, AudioFile.id == PlaylistTrack.file_id).where(*_of(playlist_id, user_id))
    count, duration_ms = db.execute(its).one()
    return lists.amend(db, playlist_id, user_id=user_id, track_count=count, duration_ms=duration_ms)


def _insert(db: Session, playlist_id: UUID, file_ids: Sequence[UUID], *, user_id: UUID, at: int | None = None) -> None:
    if not file_ids:
        return
    positions = _room(db, playlist_id, len(file_ids), user_id=user_id, at=at)
    same = {"playlist_id": playlist_id, "user_id": user_id, "added_at": clock.now()}
    rows = zip(file_ids, positions, strict=True)
    db.execute(insert(PlaylistTrack), [same | {"id": ids.new(), "file_id": file, "position": at} for file, at in rows])


def _room(db: Session, playlist_id: UUID, count: int, *, user_id: UUID, at: int | None) -> range:
    """`count` free positions in front of what stands at index `at`, else behind the last."""
    mine, room = select(PlaylistTrack.position).where(*_of(playlist_id, user_id)), GAP * (count + 1)
    after = None if at is None else db.scalar(mine.order_by(PlaylistTrack.position).offset(at).limit(1))
    lower = mine if after is None else mine.where(PlaylistTrack.position < after)
    before = db.scalar(lower.order_by(PlaylistTrack.position.desc()).limit(1))
    if after is None:
        before = before or 0
        after = before + room
    elif before is None:
        before = after - room
    step = (after - before) // (count + 1)
    if step < 1 or before not in POSITIONS or after not in POSITIONS:
        _spread(db, playlist_id, user_id=user_id, gap=GAP * (count + 1))
        return _room(db, playlist_id, count, user_id=user_id, at=at)
    return range(before + step, before + step * count + 1, step)


def _spread(db: Session, playlist_id: UUID, *, user_id: UUID, gap: int) -> None:
    """Give all entries positions anew, with at least so much between them as fits."""
    number = func.row_number().over(order_by=PlaylistTrack.position)
    fits = min(gap, POSITIONS.stop // (2 * MOST_TRACKS))
    anew = select(PlaylistTrack.id, (number * fits).label("position")).where(*_of(playlist_id, user_id)).subquery()
    db.execute(update(PlaylistTrack).where(PlaylistTrack.id == anew.c.id).values(position=anew.c.position))


def _ordered(db: Session, playlist_id: UUID, *, user_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """Entry, track and position, in their order."""
    columns = select(PlaylistTrack.id, PlaylistTrack.file_id, PlaylistTrack.position)
    rows = db.execute(columns.where(*_of(playlist_id, user_id)).order_by(PlaylistTrack.position))
    return [(entry, file, position) for entry, file, position in rows]


def _put(db: Session, before: Sequence[tuple[UUID, UUID, int]], after: Sequence[UUID]) -> None:
    """Give the positions that there are to the entries in another order; only those that move are written."""
    now = {entry: position for entry, _, position in before}
    moved = [(entry, at) for entry, (_, _, at) in zip(after, before, strict=True) if now[entry] != at]
    if not moved:
        return
    entries = literal([entry for entry, _ in moved], ARRAY(Uuid()))
    positions = literal([at for _, at in moved], ARRAY(Integer))
    places = func.unnest(entries, positions).table_valued(column("id", Uuid()), column("position", Integer)).render_derived()
    db.execute(update(PlaylistTrack).where(PlaylistTrack.id == places.c.id).values(position=places.c.position))


def _of(playlist_id: UUID, user_id: UUID) -> tuple[Any, ...]:
    return PlaylistTrack.playlist_id == playlist_id, PlaylistTrack.user_id == user_id
