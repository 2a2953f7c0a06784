"""A performance as Harmony Helper's client sends it to be analysed and kept by nobody (CONTRACT C1-7)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session as Database

from services.sessions.errors import RecordingUnreadable, ScoreRefused, ScoreUnreadable
from services.sessions.performances import analyses
from services.sessions.practice import recordings
from services.sessions.practice.saving import Once
from services.sessions.schemas.analyses import NewPerformance
from services.sessions.scores import reading
from services.sessions.tasks import analysing
from shared import clock, idempotency, json, schemas
from shared.db import transaction
from shared.idempotency import Answer

ACCEPTED = 202
RECORDING, SCORE = "Recording", "Target_XML"  # the client's names


@dataclass(frozen=True, slots=True)
class Performance:
    """A recording, a score, and what is asked about them."""

    recording: bytes
    score: str
    asked: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The analysis that a performance was taken for, and whether it was sent before."""

    analysis_id: UUID
    is_replay: bool = False


def read(body: bytes, *, max_recording_bytes: int, folder: Path) -> Performance:
    """The performance in a body; `folder` is where its score waits to be read.

    Raises Malformed with the fields that are wrong, RecordingTooLarge, and what reading a score raises.
    """
    new = schemas.read(NewPerformance, body)
    recording = recordings.decode(new.recording, max_bytes=max_recording_bytes, field=RECORDING)
    if recording is None:
        raise RecordingUnreadable(errors=[{"field": RECORDING, "message": "holds no sound"}])
    return Performance(recording.content, _score(new.target_xml, folder), new.asked())


def _score(sent: str, folder: Path) -> str:
    try:
        score = reading.keep(sent, folder)
    except ScoreRefused as reason:
        raise ScoreRefused(errors=[{"field": SCORE, "message": reason.why}]) from reason
    if score.facts is None or score.xml is None:
        raise ScoreUnreadable(errors=[{"field": SCORE, "message": score.problem or "is empty"}])
    return score.xml


def _before(db: Database, once: Once, user_id: UUID) -> UUID | None:
    """The analysis that this request was taken for before, while there is one: its key is kept for longer than that is."""
    before = idempotency.claim(db, once.claim, once.fingerprint)
    if before is None:
        return None
    analysis_id = UUID(json.loads(before.body)["id"])
    if analyses.is_kept(db, analysis_id, user_id=user_id):
        return analysis_id
    idempotency.claim(db, once.claim, once.fingerprint, since=clock.now() + idempotency.HELD)
    return None


def accept(engine: Engine, sent: Performance, *, user_id: UUID, at_once: int, once: Once | None) -> Accepted:
    """Have a performance analysed; with the same `once`, only once for as long as the analysis is kept.

    Raises KeyReused, StillInProgress, TooManyAnalyses.
    """
    with transaction(engine, user_id=user_id) as db:
        if once and (before := _before(db, once, user_id)):
            return Accepted(before, is_replay=True)
        analysis_id = analyses.ask(db, user_id=user_id, recording=sent.recording, score=sent.score, asked=sent.asked)
        analysing.enqueue(db, analysis_id, user_id=user_id, at_once=at_once)
        if once:
            kept = Answer(ACCEPTED, json.dumps({"id": analysis_id}), {"content-type": "application/json"}, once.fingerprint)
            idempotency.fulfil(db, once.claim, kept)
    return Accepted(analysis_id)
