"""Sessions that are still going on: begun, told of chunk by chunk, and out of sight until they are saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, null, or_, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session as Database

from services.sessions.errors import (
    ChunkTaken,
    RecordingFull,
    RunningSessionNotFound,
    SessionFinished,
    TooManyRunningSessions,
)
from services.sessions.models.practice import Chunk, Session, State
from services.sessions.practice import editing, pieces
from services.sessions.practice.sessions import AnyRow
from shared import clock, ids
from shared import db as database

AT_ONCE = 16  # of one person: a practice room has fewer stands
MAX_CHUNKS = 2_880  # a day of 30 s each
TAKEN_UP_AT_ONCE = 50

HAS_CHUNKS = select(Chunk.number).where(Chunk.session_id == Session.id).correlate(Session).exists()
# One that is SAVING without a chunk was never running: it came whole, and its recording is on the way to media.
UNFINISHED = or_(Session.state == State.RUNNING, (Session.state == State.SAVING) & HAS_CHUNKS)

SO_FAR = (
    Session.id,
    Session.state,
    Session.song_name,
    Session.instrument,
    Session.date,
    Session.tempo_bpm,
    Session.notes,
    Session.created_at.label("started_at"),
    func.array_remove(func.array_agg(Chunk.number), null()).label("chunks"),
    func.coalesce(func.max(Chunk.duration_seconds), 0).label("duration_seconds"),
    func.coalesce(func.max(Chunk.total_practice_seconds), 0).label("total_practice_seconds"),
    func.coalesce(func.sum(Chunk.size_bytes), 0).label("size_bytes"),
)
KNOWN = (
    Session.song_name,
    Session.instrument,
    Session.date,
    Session.tempo_bpm,
    Session.notes,
    Session.xml_content,
    Session.duration_seconds,
    Session.total_practice_seconds,
)


@dataclass(frozen=True, slots=True)
class Known:
    """How far a session has come; whether it was saved, or is being saved, without a word of its player in the end; and what is
    known of it, by the names of NewSession."""

    state: str
    recovered: bool
    facts: dict[str, Any]

    @property
    def is_untold(self) -> bool:
        """Whether its player still may say what became of it."""
        return self.state == State.RUNNING or self.recovered


def begin(
    db: Database, *, user_id: UUID, zone: str, song_name: str, instrument: str, date: datetime | None, **facts: Any
) -> UUID:
    """Begin a session; its id. Raises TooManyRunningSessions."""
    database.lock(db, f"running sessions of {user_id}")
    mine = select(func.count()).select_from(Session).where(Session.user_id == user_id, UNFINISHED)
    if (db.scalar(mine) or 0) >= AT_ONCE:
        raise TooManyRunningSessions(at_most=AT_ONCE)
    session_id = ids.new()
    when = editing.dated(db, date or clock.now(), zone, user_id=user_id)
    names = {"song_name": song_name, "instrument": instrument}
    named = names | pieces.columns(names)
    seconds = {"duration_seconds": 0, "total_practice_seconds": 0}
    db.add(Session(id=session_id, user_id=user_id, state=State.RUNNING, **when, **named, **seconds, **facts))
    db.flush()
    return session_id


def all_of(db: Database, *, user_id: UUID, chunk_seconds: int) -> list[dict[str, Any]]:
    """Somebody's sessions that are not saved yet, the one begun last first, as JSON documents."""
    rows = db.execute(_so_far(user_id).order_by(Session.created_at.desc()).limit(2 * AT_ONCE)).all()
    return [_document(row, chunk_seconds) for row in rows]


def find(db: Database, session_id: UUID, *, user_id: UUID, chunk_seconds: int) -> dict[str, Any]:
    """One of them. Raises RunningSessionNotFound."""
    row = db.execute(_so_far(user_id).where(Session.id == session_id)).one_or_none()
    if row is None:
        raise RunningSessionNotFound
    return _document(row, chunk_seconds)


def chunk_before(
    db: Database, session_id: UUID, number: int, *, user_id: UUID, sha256: bytes, size_bytes: int, at_most: int
) -> dict[str, Any] | None:
    """The same chunk, where it has arrived before. Raises as `arrived` does, and RecordingFull."""
    expect(db, session_id, user_id=user_id)
    before = _chunk(db, session_id, number, user_id=user_id)
    if before is not None:
        return _same(before, sha256)
    total = select(func.sum(Chunk.size_bytes)).where(Chunk.session_id == session_id, Chunk.user_id == user_id)
    if size_bytes and (db.scalar(total) or 0) + size_bytes > at_most:
        raise RecordingFull(at_most_bytes=at_most)
    return None


def arrived(
    db: Database, session_id: UUID, number: int, *, user_id: UUID, sha256: bytes, lengths: dict[str, int]
) -> dict[str, Any]:
    """Write down that a chunk is here, and its sound with media; as JSON.

    Raises SessionFinished where the session was finished meanwhile, RunningSessionNotFound, and ChunkTaken for another one
    under a number that is taken.
    """
    expect(db, session_id, user_id=user_id)
    chunk = {"session_id": session_id, "number": number, "user_id": user_id, "sha256": sha256, "received_at": clock.now()}
    db.execute(insert(Chunk).values(**chunk, **lengths).on_conflict_do_nothing())
    return _same(_chunk(db, session_id, number, user_id=user_id), sha256)


def expect(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """That a session goes on, until this transaction ends. Raises SessionFinished, RunningSessionNotFound."""
    mine = select(Session.state).where(Session.id == session_id, Session.user_id == user_id)
    state = db.scalar(mine.with_for_update(read=True))
    if state is None:
        raise RunningSessionNotFound
    if state != State.RUNNING:
        raise SessionFinished


def known(db: Database, session_id: UUID, *, user_id: UUID) -> Known:
    """How far a session has come. Raises RunningSessionNotFound."""
    mine = (Session.id == session_id, Session.user_id == user_id)
    row = db.execute(select(Session.state, Session.recovered, *KNOWN).where(*mine)).one_or_none()
    if row is None:
        raise RunningSessionNotFound
    facts = dict(row._mapping) | {"date": clock.iso(row.date)}
    state, recovered = facts.pop("state"), facts.pop("recovered")
    if state == State.RUNNING:
        facts |= _seconds(db, session_id, user_id)
    return Known(state, recovered, facts)


def end(db: Database, session_id: UUID, *, user_id: UUID, idle_since: datetime | None = None, **facts: Any) -> bool:
    """Take no more chunks of a session, which is SAVING from now on; whether it was running until now.

    With `idle_since`, only where nothing of it has come after that.
    """
    mine = (Session.id == session_id, Session.user_id == user_id, Session.state == State.RUNNING)
    if db.scalar(select(Session.id).where(*mine).with_for_update()) is None:
        return False
    if idle_since and db.scalar(select(Session.id).where(*mine, _last_sign() < idle_since)) is None:
        return False
    db.execute(update(Session).where(*mine).values(state=State.SAVING, **facts))
    return True


def amend(db: Database, session_id: UUID, *, user_id: UUID, **facts: Any) -> bool:
    """Say in the end what a recovered session was, which then is as if it had been finished; whether it was one until now."""
    mine = (Session.id == session_id, Session.user_id == user_id, Session.state != State.RUNNING, Session.recovered)
    amended = update(Session).where(*mine).values(recovered=False, **facts).returning(Session.id)
    return db.scalar(amended) is not None


def resume(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Take chunks again of a session that could not be finished."""
    mine = (Session.id == session_id, Session.user_id == user_id, Session.state == State.SAVING)
    db.execute(update(Session).where(*mine).values(state=State.RUNNING))


def save(db: Database, session_id: UUID, *, user_id: UUID, recording_id: UUID | None) -> None:
    """Make a session visible that was SAVING; its chunks have done their part. Nothing where it was saved meanwhile."""
    mine = (Session.id == session_id, Session.user_id == user_id, Session.state == State.SAVING)
    db.execute(update(Session).where(*mine).values(state=State.SAVED, recording_id=recording_id))
    db.execute(delete_from(Chunk).where(Chunk.session_id == session_id, Chunk.user_id == user_id))


def save_silent(db: Database, session_id: UUID, *, user_id: UUID) -> bool:
    """Save a session that has no sound; whether it has none.

    It takes the transaction that ends it, so that nothing without chunks is ever left SAVING: that is how the sweep knows what
    began to be saved whole.
    """
    if has_sound(db, session_id, user_id=user_id):
        return False
    save(db, session_id, user_id=user_id, recording_id=None)
    return True


def has_sound(db: Database, session_id: UUID, *, user_id: UUID) -> bool:
    """Whether any chunk of a session holds sound."""
    its = select(Chunk.number).where(Chunk.session_id == session_id, Chunk.user_id == user_id, Chunk.size_bytes > 0)
    return db.scalar(its.limit(1)) is not None


def drop(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Throw away a session that is not saved. Raises RunningSessionNotFound."""
    mine = (Session.id == session_id, Session.user_id == user_id, UNFINISHED)
    if db.scalar(delete_from(Session).where(*mine).returning(Session.id)) is None:
        raise RunningSessionNotFound


def left_alone(db: Database, *, idle_since: datetime) -> Sequence[AnyRow]:
    """Id and user_id of sessions of which nothing has come since then, whoever's they are, to be saved now.

    Those tried longest ago come first, so that many which cannot be saved just now keep no other out.
    """
    turns = (Session.tried_at.asc().nulls_first(), Session.created_at)
    idle = select(Session.id).where(UNFINISHED, _last_sign() < idle_since).order_by(*turns).limit(TAKEN_UP_AT_ONCE)
    next_ones = idle.with_for_update(skip_locked=True).cte("next_ones")
    tried = update(Session).where(Session.id == next_ones.c.id).values(tried_at=clock.now())
    return db.execute(tried.returning(Session.id, Session.user_id)).all()


def idle_since(minutes: int) -> datetime:
    """Before when the last sign of a session must have come for it to be left alone."""
    return clock.now() - timedelta(minutes=minutes)


def _last_sign() -> ColumnElement[datetime]:
    its_chunks = select(func.max(Chunk.received_at)).where(Chunk.session_id == Session.id).correlate(Session).scalar_subquery()
    return func.coalesce(its_chunks, Session.created_at)


def _so_far(user_id: UUID) -> Any:
    joined = select(*SO_FAR).select_from(Session).outerjoin(Chunk, Chunk.session_id == Session.id)
    return joined.where(Session.user_id == user_id, UNFINISHED).group_by(Session.id)


def _seconds(db: Database, session_id: UUID, user_id: UUID) -> dict[str, int]:
    """Of the whole, as the chunks say it: they may have come in any order."""
    longest = (func.coalesce(func.max(each), 0) for each in (Chunk.duration_seconds, Chunk.total_practice_seconds))
    row = db.execute(select(*longest).where(Chunk.session_id == session_id, Chunk.user_id == user_id)).one()
    return {"duration_seconds": row[0], "total_practice_seconds": row[1]}


def _chunk(db: Database, session_id: UUID, number: int, *, user_id: UUID) -> AnyRow | None:
    shown = (Chunk.number, Chunk.duration_seconds, Chunk.total_practice_seconds, Chunk.size_bytes, Chunk.sha256)
    its = (Chunk.session_id == session_id, Chunk.number == number, Chunk.user_id == user_id)
    return db.execute(select(*shown).where(*its)).one_or_none()


def _same(chunk: AnyRow | None, sha256: bytes) -> dict[str, Any]:
    if chunk is None or chunk.sha256 != sha256:
        raise ChunkTaken
    document = dict(chunk._mapping)
    del document["sha256"]
    return document


def _document(row: AnyRow, chunk_seconds: int) -> dict[str, Any]:
    document = dict(row._mapping) | {"chunk_seconds": chunk_seconds, "chunks": sorted(row.chunks)}
    return document | {name: clock.iso(document[name]) for name in ("date", "started_at")}
