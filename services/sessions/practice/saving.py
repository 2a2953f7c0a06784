"""Save a session in two transactions, what is intended and what is true; between them media is handed the recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as Database

from services.sessions import peers
from services.sessions.calendars import rules
from services.sessions.models.practice import State
from services.sessions.peers import Media, MediaRefused, Owner
from services.sessions.practice import pieces, recordings, sessions
from services.sessions.practice.recordings import Recording
from services.sessions.schemas.sessions import NewSession
from services.sessions.scores.reading import Kept
from services.sessions.stats import overview
from shared import clock, idempotency, ids, json
from shared.db import transaction
from shared.errors import Malformed
from shared.idempotency import Answer, Claim
from shared.logs import log
from shared.schemas import problems

CREATED = 201


@dataclass(frozen=True, slots=True)
class Once:
    """The `Idempotency-Key` of a request, and the digest of its body."""

    claim: Claim
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Saved:
    """What a saved session looks like in JSON, and whether it was saved before."""

    document: Mapping[str, Any]
    is_replay: bool = False


def read(body: bytes, *, max_recording_bytes: int) -> tuple[NewSession, Recording | None]:
    """The session and its recording. Raises Malformed with the fields that are wrong, RecordingTooLarge."""
    try:
        new = NewSession.model_validate(json.loads(body))
    except json.BadJson as reason:
        raise Malformed(errors=[{"field": "", "message": reason.msg}]) from reason
    except ValidationError as reason:
        raise Malformed(errors=problems(reason.errors(include_input=False))) from reason
    return new, recordings.decode(new.audio_base64 or "", max_bytes=max_recording_bytes)


def save(
    engine: Engine,
    media: Media,
    new: NewSession,
    recording: Recording | None,
    score: Kept,
    *,
    owner: Owner,
    zone: str,
    once: Once | None,
) -> Saved:
    """Save a session for `owner`, whose calendar is that of `zone`; with the same `once`, only once.

    Raises MediaRefused in media's words where the recording is no audio, and MediaUnavailable: either way nothing is saved.
    Raises idempotency's KeyReused and StillInProgress.
    """
    session_id = ids.new()
    with transaction(engine, user_id=owner.user_id) as db:
        if once and (before := idempotency.claim(db, once.claim, once.fingerprint)):
            document, recording_id = _again(db, before, owner)
            is_replay = True
        else:
            state = State.SAVING if recording else State.SAVED
            sessions.add(db, session_id, user_id=owner.user_id, state=state, **_facts(db, new, owner, zone), **score.columns())
            document = {} if recording else _answer(db, session_id, owner, zone, once)
            recording_id, is_replay = None, False
    if recording and not is_replay:
        recording_id, document = _store(engine, media, session_id, recording, owner=owner, zone=zone, once=once)
    urls = peers.playable(media, [recording_id] if recording_id else [], owner=owner)
    return Saved({**document, "audio_url": urls.get(recording_id) if recording_id else None}, is_replay)


def _facts(db: Database, new: NewSession, owner: Owner, zone: str) -> dict[str, Any]:
    naive_or_not = new.date or clock.now()
    date = naive_or_not if naive_or_not.tzinfo else naive_or_not.replace(tzinfo=ZoneInfo(zone))
    return {
        "song_name": new.song_name,
        "piece": pieces.folded(new.song_name),
        "instrument": new.instrument,
        "duration_seconds": new.duration_seconds,
        "total_practice_seconds": new.duration_seconds if new.total_practice_seconds is None else new.total_practice_seconds,
        "date": date,
        "time_zone": zone,
        "practised_on": rules.day_of(db, date, zone, user_id=owner.user_id),
        "analysis": new.analysis,
        "analysis_summary": new.summary(),
        "analysis_feedback": new.feedback(),
        "score_accuracy": new.score_accuracy,
    }


def _store(
    engine: Engine, media: Media, session_id: UUID, recording: Recording, *, owner: Owner, zone: str, once: Once | None
) -> tuple[UUID, dict[str, Any]]:
    """Hand the recording over and make the session true; whatever fails, the key is given back, so it may be sent again."""
    content, declared_type = recording.content, recording.declared_type
    try:
        with idempotency.holding(engine, once.claim if once else None):
            recording_id = peers.store_recording(media, session_id, content, declared_type=declared_type, owner=owner)
        with transaction(engine, user_id=owner.user_id) as db:
            sessions.finish(db, session_id, user_id=owner.user_id, recording_id=recording_id)
            return recording_id, _answer(db, session_id, owner, zone, once)
    except BaseException as reason:
        _give_up(engine, session_id, owner, once, is_refused=isinstance(reason, MediaRefused))
        raise


def _give_up(engine: Engine, session_id: UUID, owner: Owner, once: Once | None, *, is_refused: bool) -> None:
    """Where media refused, nothing is left. Where nobody knows what became of the recording, the row stays for the sweep."""
    try:
        with transaction(engine, user_id=owner.user_id) as db:
            if is_refused:
                sessions.forget(db, session_id, user_id=owner.user_id)
            if once:
                idempotency.release(db, once.claim)
    except SQLAlchemyError as reason:
        log(__name__).warning("session.left_to_the_sweep", session_id=str(session_id), reason=repr(reason)[:200])


def _answer(db: Database, session_id: UUID, owner: Owner, zone: str, once: Once | None) -> dict[str, Any]:
    """The whole saved session, kept for repetitions without its `audio_url`: no playable address is ever stored."""
    row = sessions.find(db, session_id, user_id=owner.user_id)
    streak = overview.streak(db, user_id=owner.user_id, zone=zone)
    document = sessions.as_document(row) | {"streak": streak}
    if once:
        kept = Answer(CREATED, json.dumps(document), {"content-type": "application/json"}, once.fingerprint)
        idempotency.fulfil(db, once.claim, kept)
    return document


def _again(db: Database, before: Answer, owner: Owner) -> tuple[dict[str, Any], UUID | None]:
    document = json.loads(before.body)
    return document, sessions.recording_of(db, UUID(document["id"]), user_id=owner.user_id)
