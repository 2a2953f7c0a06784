"""Putting right what was found wrong: what can be made anew is, what cannot is said to its owner, what is nobody's goes."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Engine, Select, delete, func, select, true, update
from sqlalchemy.orm import Session

from services.media.models.files import AudioFile, Rendition, State, StorageUse
from services.media.models.pictures import Picture
from services.media.models.playlists import Playlist
from services.media.models.receiving import Upload
from services.media.proving.findings import Finding, Wrong
from services.media.receiving import quota
from services.media.tasks.queue import Work
from shared import clock
from shared import db as database


class Miscount(NamedTuple):
    """A user whose bytes were counted wrongly."""

    user_id: UUID
    used_bytes: int
    true_bytes: int


LOST = "Its bytes were lost in the object store. Upload it again."


def repair(work: Work, finding: Finding) -> str:
    """Put one thing right; what was done, in words."""
    if finding.claim is None:
        work.store.delete(finding.bucket, finding.key)
        return "deleted"
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
    )
    files, uploads, pictures = (
        select(func.coalesce(func.sum(size), 0)).where(owner == StorageUse.user_id, counts).scalar_subquery()
        for owner, size, counts in taken
    )
    total = files + uploads + pictures
    return select(StorageUse.user_id, StorageUse.used_bytes, total.label("true_bytes"))


def _of_row(db: Session, finding: Finding) -> str:
    claim = finding.claim
    assert claim
    match claim.noun:
        case "audio_files":
            rejected = {"state": State.REJECTED.value, "error": LOST, "updated_at": clock.now()}
            db.execute(update(AudioFile).where(AudioFile.id == claim.id).values(**rejected))
            freed = claim.size_bytes or 0
            left = func.greatest(StorageUse.used_bytes - freed, 0)
            db.execute(update(StorageUse).where(StorageUse.user_id == claim.user_id).values(used_bytes=left))
            return "rejected, and its owner told why"
        case "audio_files twin":
            gone = {"playable_key": None, "playable_size": None, "playable_sha256": None, "measured_at": None}
            db.execute(update(AudioFile).where(AudioFile.id == claim.id).values(**gone))
            return "to be made anew"
        case "audio_files cover":
            db.execute(update(AudioFile).where(AudioFile.id == claim.id).values(cover_key=None))
            return "forgotten"
        case "renditions":
            db.execute(delete(Rendition).where(Rendition.id == claim.id))
            return "forgotten, and made anew when it is needed"
        case "playlists":
            db.execute(update(Playlist).where(Playlist.id == claim.id).values(cover_key=None))
            return "forgotten"
        case "media":
            db.execute(delete(Picture).where(Picture.id == claim.id))
            return "forgotten"
        case "upload_parts":
            db.execute(update(Upload).where(Upload.id == claim.id).values(expires_at=clock.now()))
            return "its upload ends" if finding.wrong == Wrong.MISSING else "its upload ends, and is begun again"
    raise ValueError(claim.noun)
