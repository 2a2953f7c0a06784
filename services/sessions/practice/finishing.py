"""From running to saved: by whoever finishes a session, or by the sweep where nobody does. It may be cut off and done again.

First no more chunks are taken, then media joins the sound of those that there are, then the session is seen. Joining is done
once however often it is asked for, so two who finish at once, or a sweep after a killed process, make one session.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session as Database

from services.sessions import peers
from services.sessions.errors import RecordingApart, ScoreRefused
from services.sessions.models.practice import State
from services.sessions.peers import Media, MediaRefused, Owner
from services.sessions.practice import history, running, saving, sections, sessions
from services.sessions.practice.saving import Saved
from services.sessions.schemas.running import merged
from services.sessions.schemas.sessions import NewSession
from services.sessions.scores import reading
from services.sessions.scores.reading import Kept
from services.sessions.stats import overview
from shared import schemas
from shared.db import transaction
from shared.errors import Malformed
from shared.logs import log


@dataclass(frozen=True)
class Places:
    """Where sessions are kept: our rows, media with the sound, and a folder in which scores are read."""

    engine: Engine
    media: Media
    folder: Path


def finish(places: Places, session_id: UUID, body: bytes, *, owner: Owner, zone: str) -> Saved:
    """Save a running session with what `body` says of it in the end. Again, it is answered as it is saved.

    One that was recovered meanwhile still takes what its player says of it: whoever writes their notes for long loses none.
    Raises RunningSessionNotFound, Malformed, and MediaRefused where its chunks make no audio: then it goes on running.
    """
    with transaction(places.engine, user_id=owner.user_id) as db:
        known = running.known(db, session_id, user_id=owner.user_id)
    is_told = False
    if known.is_untold:
        new = _read(body, known.facts)
        score = reading.keep(new.xml_content, places.folder)
        with transaction(places.engine, user_id=owner.user_id) as db:
            is_told = _end(db, session_id, new, score, owner, zone)
    if known.state != State.SAVED:
        try:
            _save(places, session_id, owner)
        except MediaRefused:
            with transaction(places.engine, user_id=owner.user_id) as db:
                running.resume(db, session_id, user_id=owner.user_id)
            raise
    with transaction(places.engine, user_id=owner.user_id) as db:
        document = sessions.find(db, session_id, user_id=owner.user_id).document
        document |= {"streak": overview.streak(db, user_id=owner.user_id, zone=zone)}
    is_replay = not is_told and known.state != State.SAVING
    return Saved(history.playable(places.media, document, owner=owner), is_replay=is_replay)


def recover(places: Places, session_id: UUID, *, user_id: UUID, idle_minutes: int) -> None:
    """Save what has arrived of a session that nobody finished; one of which nothing has is dropped.

    Raises MediaUnavailable, and is then tried again.
    """
    owner, since = Owner(user_id), running.idle_since(idle_minutes)
    with transaction(places.engine, user_id=user_id) as db:
        known = running.known(db, session_id, user_id=user_id)
        is_running, facts = known.state == State.RUNNING, known.facts
        if is_running and not facts["duration_seconds"] and not running.has_sound(db, session_id, user_id=user_id):
            running.drop(db, session_id, user_id=user_id)
            return
    if is_running:
        score = _harmless(facts["xml_content"], places.folder)
        seconds = {name: facts[name] for name in ("duration_seconds", "total_practice_seconds")}
        with transaction(places.engine, user_id=user_id) as db:
            news = {**seconds, **score.columns(), "recovered": True}
            if not running.end(db, session_id, user_id=user_id, idle_since=since, **news):
                return
            if running.save_silent(db, session_id, user_id=user_id):
                return
    try:
        _save(places, session_id, owner)
    except MediaRefused as reason:
        log(__name__).warning("session.saved_without_sound", session_id=str(session_id), reason=reason.peer_code)
        with transaction(places.engine, user_id=user_id) as db:
            running.save(db, session_id, user_id=user_id, recording_id=None)
        peers.drop_chunks(places.media, session_id, owner=owner)


def _read(body: bytes, facts: Mapping[str, Any]) -> NewSession:
    said = schemas.parsed(body) if body.strip() else {}
    if not isinstance(said, dict):
        raise Malformed(errors=[{"field": "", "message": "is no object"}])
    new = schemas.checked(NewSession, merged(said, dict(facts)))
    if new.audio_base64:
        raise RecordingApart
    return new


def _end(db: Database, session_id: UUID, new: NewSession, score: Kept, owner: Owner, zone: str) -> bool:
    """Keep what is said of a session that is running or was recovered; whether it was either."""
    user_id, facts = owner.user_id, saving.facts_of(db, new, owner, zone)
    if running.end(db, session_id, user_id=user_id, **facts, **score.columns()):
        sections.replace(db, session_id, [each.facts() for each in new.sections or ()], user_id=user_id)
        running.save_silent(db, session_id, user_id=user_id)
        return True
    # Since it was recovered somebody may have changed it: what is not said now stays.
    said = {name: value for name, value in facts.items() if value is not None} | (score.columns() if score.xml else {})
    if not running.amend(db, session_id, user_id=user_id, **said):
        return False
    if new.sections is not None:
        sections.replace(db, session_id, [each.facts() for each in new.sections], user_id=user_id)
    return True


def _save(places: Places, session_id: UUID, owner: Owner) -> None:
    """Have media join the sound, where there is any; then the session is seen."""
    with transaction(places.engine, user_id=owner.user_id) as db:
        if running.save_silent(db, session_id, user_id=owner.user_id):
            return
    recording_id = peers.join_recording(places.media, session_id, owner=owner)
    with transaction(places.engine, user_id=owner.user_id) as db:
        running.save(db, session_id, user_id=owner.user_id, recording_id=recording_id)


def _harmless(xml_content: str | None, folder: Path) -> Kept:
    """A score as it is kept; without one that is refused, for the practice counts all the same."""
    try:
        return reading.keep(xml_content, folder)
    except ScoreRefused:
        return Kept()
