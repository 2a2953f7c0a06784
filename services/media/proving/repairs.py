"""Putting right what was found wrong: what can be made anew is, what cannot is said to its owner, what is nobody's goes."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, and_, delete, func, select, true, update
from sqlalchemy.orm import Session

from services.media.library import catalogue, files, locking, renditions
from services.media.models.files import AudioFile, Rendition, State, StorageUse
from services.media.models.pictures import Picture
from services.media.models.receiving import Progress, RecordingChunk, Upload, UploadPart
from services.media.playlists import entries
from services.media.processing import pictures
from services.media.proving import findings
from services.media.proving.claims import Claim
from services.media.proving.findings import Finding, Wrong
from services.media.receiving import quota
from services.media.tasks import deleting
from services.media.tasks.pictures import end_picture
from services.media.tasks.queue import Work
from shared import clock
from shared import db as database


class Miscount(NamedTuple):
    """A user whose bytes were counted wrongly."""

    user_id: UUID
    used_bytes: int
    true_bytes: int


CHANGED = "it has changed since, and is left as it is"
LOST = "Its bytes were lost in the object store. Upload it again."


def repair(work: Work, finding: Finding) -> str:
    """Put one thing right; what was done, in words."""
    if finding.claim is None:
        work.store.delete(finding.bucket, finding.key)
        return "deleted"
    if not findings.is_still(work.store, finding):
        return CHANGED
    with database.transaction(work.engine) as db:
        return _of_row(db, finding)


def recount(engine: Engine, *, repairing: bool) -> Iterator[Miscount]:
    """Whose bytes are counted wrongly; with `repairing`, they are counted anew."""
    with database.transaction(engine) as db:
        suspects = [row.user_id for row in db.execute(_counted()) if row.used_bytes != row.true_bytes]
    for user_id in suspects:
        with database.transaction(engine) as db:
            used = quota.lock(db, user_id=user_id)  # nothing of theirs is counted meanwhile
            counted = db.execute(_counted().where(StorageUse.user_id == user_id)).one().true_bytes
            if used == counted:
                continue
            if repairing:
                db.execute(update(StorageUse).where(StorageUse.user_id == user_id).values(used_bytes=counted))
        yield Miscount(user_id, used, int(counted))


def _counted() -> Select[Any]:
    """What each user is counted to take, and what they take."""
    taken = (
        (AudioFile.user_id, AudioFile.file_size, AudioFile.state.not_in([State.DELETING.value, State.REJECTED.value])),
        (Upload.user_id, Upload.reserved_bytes, true()),
        (Picture.user_id, Picture.size_bytes, Picture.state != State.DELETING.value),
        (RecordingChunk.user_id, RecordingChunk.size_bytes, true()),
    )
    files, uploads, pictures, chunks = (
        select(func.coalesce(func.sum(size), 0)).where(owner == StorageUse.user_id, counts).scalar_subquery()
        for owner, size, counts in taken
    )
    total = files + uploads + pictures + chunks
    return select(StorageUse.user_id, StorageUse.used_bytes, total.label("true_bytes"))


def _of_row(db: Session, finding: Finding) -> str:
    """Only a row that still claims the object is changed: its owner may have deleted or edited it since it was read."""
    claim = finding.claim
    assert claim
    locking.lock(db, user_id=claim.user_id)
    match claim.noun:
        case "audio_files":
            return _reject(db, claim)
        case "audio_files twin":
            gone = {"playable_key": None, "playable_size": None, "playable_sha256": None, "measured_at": None}
            return _done(db, _ready(claim, AudioFile.playable_key == claim.key).values(**gone), "to be made anew")
        case "audio_files cover":
            covers = [each for each in _covers(db, claim) if claim.key in pictures.keys(each)]
            return _done(db, _ready(claim, AudioFile.cover_key.in_(covers)).values(cover_key=None), "forgotten")
        case "renditions":
            dropped = delete(Rendition).where(Rendition.id == claim.id, Rendition.object_key == claim.key)
            return _done(db, dropped, "forgotten, and made anew when it is needed")
        case "media":
            its = and_(Picture.id == claim.id, Picture.user_id == claim.user_id, Picture.state == State.READY.value)
            if db.scalar(select(Picture.id).where(its)) is None:
                return CHANGED
            end_picture(db, claim.id, user_id=claim.user_id)
            return "deleted, as its owner would"
        case "upload_parts":
            part = select(UploadPart.number).where(UploadPart.upload_id == claim.id, UploadPart.object_key == claim.key)
            its = and_(Upload.id == claim.id, Upload.progress == Progress.RECEIVING.value, part.exists())
            ends = "its upload ends" if finding.wrong == Wrong.MISSING else "its upload ends, and is begun again"
            return _done(db, update(Upload).where(its).values(expires_at=clock.now()), ends)
        case "recording_chunks":
            mine = and_(RecordingChunk.session_id == claim.id, RecordingChunk.user_id == claim.user_id)
            lost = delete(RecordingChunk).where(mine, RecordingChunk.object_key == claim.key)
            sizes = db.scalars(lost.returning(RecordingChunk.size_bytes)).all()
            quota.release(db, sum(sizes), user_id=claim.user_id)
            return "forgotten: its recording is joined without it" if sizes else CHANGED
    raise ValueError(claim.noun)


def _reject(db: Session, claim: Claim) -> str:
    """As a look at it would have: it leaves the library and its playlists, and gives its room back."""
    wanted = select(*files.BYTES).where(_is_ready(claim), AudioFile.object_key == claim.key)
    row = db.execute(wanted.with_for_update(key_share=True)).mappings().first()
    if row is None:
        return CHANGED
    objects = deleting.objects_of(row) + renditions.forget(db, claim.id, user_id=claim.user_id)
    catalogue.remove(db, [claim.id], user_id=claim.user_id)
    entries.drop_files(db, [claim.id], user_id=claim.user_id)
    files.reject(db, dict(row), user_id=claim.user_id, why=LOST)
    deleting.drop_late.enqueue(db, user_id=str(claim.user_id), objects=objects)  # a recording made anew has the same key
    return "rejected, and its owner told why"


def _covers(db: Session, claim: Claim) -> list[str]:
    return [key for key in db.scalars(select(AudioFile.cover_key).where(_is_ready(claim))) if key]


def _ready(claim: Claim, still: ColumnElement[bool]) -> Any:
    return update(AudioFile).where(_is_ready(claim), still)


def _is_ready(claim: Claim) -> ColumnElement[bool]:
    mine = and_(AudioFile.id == claim.id, AudioFile.user_id == claim.user_id)
    return and_(mine, AudioFile.state == State.READY.value)


def _done(db: Session, change: Any, words: str) -> str:
    result: Any = db.execute(change)
    return words if result.rowcount else CHANGED
