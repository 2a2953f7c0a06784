"""Analyses: asked for, begun, told of, ended, forgotten. Every statement names whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, or_, select, text, update
from sqlalchemy.orm import Session as Database

from services.sessions.errors import AnalysisGaveUp, AnalysisNotFound, NoRecording, NoScore, SessionNotFound, TooManyAnalyses
from services.sessions.models.analyses import Analysis, AnalysisInput, AnalysisState
from services.sessions.models.practice import Session
from services.sessions.practice.sessions import saved_by
from shared import clock, ids
from shared import db as database
from shared.errors import Problem
from shared.idempotency import NOBODY

UNDER_WAY = (AnalysisState.WAITING, AnalysisState.WORKING)
MOST_UNDER_WAY = 5  # of one person; an analysis takes a core for some seconds
MOST_OF_NOBODY = 20  # of everybody who is signed out
RETRY_SECONDS = 10
KEPT = timedelta(days=1)  # what belongs to no session
KEPT_OF_NOBODY = timedelta(minutes=10)
LEFT_ALONE = text(
    """
    NOT EXISTS (
        SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND args->>'analysis_id' = analyses.id::text
    )
    """
)
WRITTEN_BY_IT = ("analysis", "analysis_summary", "analysis_feedback", "score_accuracy")  # columns of a session

AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an analysis makes of a performance: the whole result, and what of it the session carries in columns of its own."""

    result: dict[str, Any]

    def columns(self) -> dict[str, Any]:
        """By the names of the columns of a session."""
        found = self.result
        named = (found, found["performance_summary"], found["coach-feedback"], found["score_accuracy"])
        return dict(zip(WRITTEN_BY_IT, named, strict=True))


def ask_for_session(db: Database, session_id: UUID, *, user_id: UUID, asked: dict[str, Any]) -> tuple[UUID, bool]:
    """Have the recording of a session held against its score; the analysis, and whether it is a new one.

    One that is under way is the answer again; one that is over makes room. Raises SessionNotFound, NoRecording, NoScore,
    TooManyAnalyses.
    """
    row = _locked_session(db, session_id, user_id)
    if row.recording_id is None:
        raise NoRecording
    if row.score_facts is None:
        raise NoScore
    under_way = select(Analysis.id).where(Analysis.session_id == session_id, Analysis.user_id == user_id, _is_under_way())
    if (running := db.scalar(under_way)) is not None:
        return running, False
    db.execute(delete(Analysis).where(Analysis.session_id == session_id, Analysis.user_id == user_id))
    analysis_id = _add(db, user_id=user_id, session_id=session_id, asked={**asked, "instrument": row.instrument})
    _count_alone(db, user_id)
    return analysis_id, True


def ask(db: Database, *, user_id: UUID, recording: bytes, score: str, asked: dict[str, Any]) -> UUID:
    """Have a recording held against a score, neither of which is kept for longer. Raises TooManyAnalyses."""
    analysis_id = _add(db, user_id=user_id, session_id=None, asked=asked)
    db.add(AnalysisInput(analysis_id=analysis_id, user_id=user_id, recording=recording, score=score))
    db.flush()
    _count_alone(db, user_id)
    return analysis_id


def find(db: Database, analysis_id: UUID, *, user_id: UUID) -> AnyRow:
    """An analysis that belongs to no session. Raises AnalysisNotFound."""
    wanted = select(*_shown(Analysis.result)).where(Analysis.id == analysis_id, Analysis.session_id.is_(None))
    row = db.execute(wanted.where(Analysis.user_id == user_id)).one_or_none()
    if row is None:
        raise AnalysisNotFound
    return row


def is_over(db: Database, analysis_id: UUID, *, user_id: UUID) -> bool:
    """Whether nothing more comes of an analysis. Raises AnalysisNotFound."""
    state = db.scalar(select(Analysis.state).where(*_one(analysis_id, user_id)))
    if state is None:
        raise AnalysisNotFound
    return state not in UNDER_WAY


def is_kept(db: Database, analysis_id: UUID, *, user_id: UUID) -> bool:
    """Whether an analysis is not forgotten yet."""
    return db.scalar(select(Analysis.id).where(*_one(analysis_id, user_id))) is not None


def of_session(db: Database, session_id: UUID, *, user_id: UUID) -> AnyRow:
    """The latest analysis of a session. Its result is the session's. Raises AnalysisNotFound."""
    result = case((Analysis.state == AnalysisState.DONE, Session.analysis)).label("result")
    wanted = select(*_shown(result)).join(Session, and_(Session.id == Analysis.session_id, Session.user_id == user_id))
    row = db.execute(wanted.where(Analysis.session_id == session_id, Analysis.user_id == user_id)).one_or_none()
    if row is None:
        raise AnalysisNotFound
    return row


def forget_of_session(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """End the analysis of a session, or take back what it made of the session. Raises AnalysisNotFound."""
    _hold_session(db, session_id, user_id)
    gone = delete(Analysis).where(Analysis.session_id == session_id, Analysis.user_id == user_id).returning(Analysis.state)
    state = db.scalar(gone)
    if state is None:
        raise AnalysisNotFound
    if state == AnalysisState.DONE:
        mine = (Session.id == session_id, Session.user_id == user_id)
        db.execute(update(Session).where(*mine).values(dict.fromkeys(WRITTEN_BY_IT)))


def forget(db: Database, analysis_id: UUID, *, user_id: UUID) -> None:
    """Drop an analysis with all that was sent for it; may be repeated."""
    db.execute(delete(Analysis).where(*_one(analysis_id, user_id)))


def begin(db: Database, analysis_id: UUID, *, user_id: UUID) -> AnyRow | None:
    """Begin, or begin again; None where there is nothing left to do.

    Its row, with `recording_id` and `xml_content` where it is of a session.
    """
    begun = update(Analysis).where(*_one(analysis_id, user_id), _is_under_way())
    if db.scalar(begun.values(state=AnalysisState.WORKING).returning(Analysis.id)) is None:
        return None
    columns = (Analysis.session_id, Analysis.asked, Analysis.attempts, Session.recording_id, Session.xml_content)
    theirs = and_(Session.id == Analysis.session_id, Session.user_id == user_id)
    return db.execute(select(*columns).outerjoin(Session, theirs).where(*_one(analysis_id, user_id))).one_or_none()


def what_was_sent(db: Database, analysis_id: UUID, *, user_id: UUID) -> tuple[bytes, str] | None:
    """The recording and the score of an analysis that belongs to no session."""
    sent = select(AnalysisInput.recording, AnalysisInput.score)
    row = db.execute(sent.where(AnalysisInput.analysis_id == analysis_id, AnalysisInput.user_id == user_id)).one_or_none()
    return None if row is None else (row.recording, row.score)


def count_attempt(db: Database, analysis_id: UUID, *, user_id: UUID) -> None:
    """A child is about to be asked: whoever dies with it has had this attempt."""
    db.execute(update(Analysis).where(*_one(analysis_id, user_id)).values(attempts=Analysis.attempts + 1))


def tell(db: Database, analysis_id: UUID, *, user_id: UUID, progress: int, step: str) -> bool:
    """How far it is; False where nobody wants to know any more."""
    told = update(Analysis).where(*_one(analysis_id, user_id), _is_under_way()).values(progress=progress, step=step)
    return db.scalar(told.returning(Analysis.id)) is not None


def finish(db: Database, analysis_id: UUID, outcome: Outcome, *, user_id: UUID) -> None:
    """Keep what came of it: with the session, where it is of one. May be repeated; does nothing where it was forgotten."""
    session_id = db.scalar(select(Analysis.session_id).where(*_one(analysis_id, user_id)))
    if session_id is not None:
        _hold_session(db, session_id, user_id)
    row = _end(db, analysis_id, user_id, state=AnalysisState.DONE, progress=100)
    if row is None:
        return
    if row.session_id is None:
        db.execute(update(Analysis).where(*_one(analysis_id, user_id)).values(result=outcome.result))
    else:
        theirs = (Session.id == row.session_id, Session.user_id == user_id)
        db.execute(update(Session).where(*theirs).values(outcome.columns()))


def fail(db: Database, analysis_id: UUID, reason: Problem, *, user_id: UUID) -> None:
    """Keep why nothing comes of it."""
    _end(db, analysis_id, user_id, state=AnalysisState.FAILED, failure=reason.document())


def give_up_orphans(db: Database) -> int:
    """End what no job will ever take up again, whoever's it is; how many there were."""
    orphans = select(Analysis.id, Analysis.user_id).where(_is_under_way(), LEFT_ALONE)
    found = db.execute(orphans).all()
    for row in found:
        fail(db, row.id, AnalysisGaveUp(), user_id=row.user_id)
    return len(found)


def drop_old(db: Database) -> None:
    """Drop what belongs to no session once nobody will ask for it, whoever's it is."""
    now = clock.now()
    nobodys = and_(Analysis.user_id == NOBODY, Analysis.finished_at < now - KEPT_OF_NOBODY)
    db.execute(delete(Analysis).where(Analysis.session_id.is_(None), or_(nobodys, Analysis.created_at < now - KEPT)))


def _add(db: Database, *, user_id: UUID, session_id: UUID | None, asked: dict[str, Any]) -> UUID:
    _count(db, user_id, with_this=0)
    analysis_id = ids.new()
    begins = {"state": AnalysisState.WAITING, "progress": 0, "asked": asked}
    db.add(Analysis(id=analysis_id, user_id=user_id, session_id=session_id, **begins))
    db.flush()
    return analysis_id


def _count_alone(db: Database, user_id: UUID) -> None:
    """Count again what is there with the new one, as the last of a transaction: large inputs are written beside each other."""
    database.lock(db, f"analyses of {user_id}")
    _count(db, user_id, with_this=1)


def _count(db: Database, user_id: UUID, *, with_this: int) -> None:
    under_way = select(func.count()).select_from(Analysis).where(Analysis.user_id == user_id, _is_under_way())
    if (db.scalar(under_way) or 0) - with_this >= (MOST_OF_NOBODY if user_id == NOBODY else MOST_UNDER_WAY):
        raise TooManyAnalyses(retry_after_seconds=RETRY_SECONDS)


def _hold_session(db: Database, session_id: UUID, user_id: UUID) -> None:
    """Whoever changes a session and its analysis locks the session first, as its deletion does: two orders are a deadlock."""
    db.execute(select(Session.id).where(Session.id == session_id, Session.user_id == user_id).with_for_update())


def _locked_session(db: Database, session_id: UUID, user_id: UUID) -> AnyRow:
    """Two who ask at once for the analysis of one session ask one after the other."""
    columns = (Session.recording_id, Session.score_facts, Session.instrument)
    mine = (Session.id == session_id, *saved_by(user_id))
    row = db.execute(select(*columns).where(*mine).with_for_update()).one_or_none()
    if row is None:
        raise SessionNotFound
    return row


def _end(db: Database, analysis_id: UUID, user_id: UUID, **columns: Any) -> AnyRow | None:
    ended = update(Analysis).where(*_one(analysis_id, user_id), _is_under_way())
    row = db.execute(ended.values(finished_at=clock.now(), step=None, **columns).returning(Analysis.session_id)).one_or_none()
    sent = (AnalysisInput.analysis_id == analysis_id, AnalysisInput.user_id == user_id)
    db.execute(delete(AnalysisInput).where(*sent))
    return row


def _shown(result: Any) -> Sequence[Any]:
    columns = (Analysis.id, Analysis.session_id, Analysis.state, Analysis.progress, Analysis.step, Analysis.asked)
    return (*columns, result, Analysis.failure, Analysis.created_at, Analysis.finished_at)


def _one(analysis_id: UUID, user_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return Analysis.id == analysis_id, Analysis.user_id == user_id


def _is_under_way() -> ColumnElement[bool]:
    return Analysis.state.in_(UNDER_WAY)
