"""Save a session in two transactions, what is intended and what is true; between them media is handed the recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as Database

from services.sessions import peers
from services.sessions.models.practice import State
from services.sessions.peers import Media, MediaRefused, Owner
from services.sessions.practice import editing, history, pieces, recordings, sections, sessions
from services.sessions.practice.recordings import Recording
from services.sessions.schemas.sessions import NewSession
from services.sessions.scores.reading import Kept
from services.sessions.stats import overview
from shared import clock, idempotency, ids, json, schemas
from shared.db import transaction
from shared.idempotency import Answer, Claim
from shared.logs import log

CREATED = 201
ROUTE = "POST /api/sessions"
TOLD = ("analysis", "score_accuracy", "notes", "tempo_bpm", "self_rating")


@dataclass(frozen=True, slots=True)
class Once:
    """What makes two requests the same one: the `Idempotency-Key` that both came with.

    Of a request without a key, its body: but only another with the same body that `began_at` a time when this one was not done
    yet. Two that follow one another are two sessions, however alike.
    """

    claim: Claim
    fingerprint: bytes
    began_at: datetime | None = None

    @classmethod
    def of(cls, user_id: UUID, key: str | None, sha256: bytes, *, query: bytes, zone: str, began_at: datetime) -> Self:
        """That of one request to save a session. Raises BadKey."""
        if key is not None:
            return cls(Claim(user_id, ROUTE, key), idempotency.fingerprint(sha256, query))
        return cls(Claim(user_id, f"{ROUTE} without a key", f"{sha256.hex()} {zone}"), sha256, began_at)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a saved session looks like in JSON, and whether it was saved before."""

    document: Mapping[str, Any]
    is_replay: bool = False


def read(body: bytes, *, max_recording_bytes: int) -> tuple[NewSession, Recording | None]:
    """The session and its recording. Raises Malformed with the fields that are wrong, RecordingTooLarge."""
    new = schemas.read(NewSession, body)
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
        before = _before(db, once, owner) if once else None
        if once and before:
            document = _again(db, once, before, owner, zone)
        else:
            state = State.SAVING if recording else State.SAVED
            facts = facts_of(db, new, owner, zone) | score.columns()
            sessions.add(db, session_id, user_id=owner.user_id, state=state, **facts)
            sections.add(db, session_id, [each.facts() for each in new.sections or ()], user_id=owner.user_id)
            document = {} if recording else _answer(db, session_id, owner, zone, once)
    if before:
        return Saved(history.playable(media, document, owner=owner), is_replay=True)
    if recording:
        document = _store(engine, media, session_id, recording, owner=owner, zone=zone, once=once)
    return Saved(document)


def _before(db: Database, once: Once, owner: Owner) -> Answer | None:
    """What this request was answered before, if it was. Without a key, a session that is gone by now answers nobody."""
    before = idempotency.claim(db, once.claim, once.fingerprint, since=once.began_at)
    if before is None or once.began_at is None or sessions.is_kept(db, _id_in(before), user_id=owner.user_id):
        return before
    return idempotency.claim(db, once.claim, once.fingerprint, since=clock.now() + idempotency.HELD)


def facts_of(db: Database, new: NewSession, owner: Owner, zone: str) -> dict[str, Any]:
    """What was sent of a session by the names of its columns, but for its score and its sections."""
    return told(new) | editing.dated(db, new.date or clock.now(), zone, user_id=owner.user_id)


def told(new: NewSession) -> dict[str, Any]:
    """The same without when it was."""
    said = new.model_dump(include={"song_name", "instrument", "duration_seconds", *TOLD})
    total_seconds = new.duration_seconds if new.total_practice_seconds is None else new.total_practice_seconds
    return {
        **said,
        **pieces.columns(said),
        "total_practice_seconds": total_seconds,
        "analysis_summary": new.summary(),
        "analysis_feedback": new.feedback(),
    }


def _store(
    engine: Engine, media: Media, session_id: UUID, recording: Recording, *, owner: Owner, zone: str, once: Once | None
) -> dict[str, Any]:
    """Hand the recording over and make the session true; whatever fails, the key is given back, so it may be sent again."""
    content, declared_type = recording.content, recording.declared_type
    try:
        with idempotency.holding(engine, once.claim if once else None):
            recording_id = peers.store_recording(media, session_id, content, declared_type=declared_type, owner=owner)
            urls = peers.playable(media, [recording_id], owner=owner)  # before the session is true: what follows is the answer
        with transaction(engine, user_id=owner.user_id) as db:
            sessions.finish(db, session_id, user_id=owner.user_id, recording_id=recording_id)
            return _answer(db, session_id, owner, zone, once) | {"audio_url": urls.get(recording_id)}
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
    """The whole saved session, kept for repetitions without its `audio_url`: no playable address is ever stored.

    Of one without a key only its id is kept: it is read again for those few who ask at the same time.
    """
    document = _document(db, session_id, owner, zone)
    if once:
        kept = document if once.began_at is None else {"id": session_id}
        answer = Answer(CREATED, json.dumps(kept), {"content-type": "application/json"}, once.fingerprint)
        idempotency.fulfil(db, once.claim, answer)
    return document


def _document(db: Database, session_id: UUID, owner: Owner, zone: str) -> dict[str, Any]:
    found = sessions.find(db, session_id, user_id=owner.user_id)
    return found.document | {"streak": overview.streak(db, user_id=owner.user_id, zone=zone)}


def _again(db: Database, once: Once, before: Answer, owner: Owner, zone: str) -> dict[str, Any]:
    """What the first request was answered; read again where it came without a key, so that only its id was kept."""
    if once.began_at is not None:
        return _document(db, _id_in(before), owner, zone)
    document: dict[str, Any] = json.loads(before.body)
    return document | {"recording_id": sessions.recording_of(db, _id_in(before), user_id=owner.user_id)}


def _id_in(before: Answer) -> UUID:
    return UUID(json.loads(before.body)["id"])
