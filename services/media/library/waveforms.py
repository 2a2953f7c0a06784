"""Waveforms: what a player draws of a file before it has played."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.errors import NoWaveform
from services.media.models.files import Waveform


def keep(db: Session, file_id: UUID, peaks: bytes, *, user_id: UUID) -> None:
    """Put it in place of the one before; `peaks` is int8 (buckets, 2)."""
    made = insert(Waveform).values(file_id=file_id, user_id=user_id, peaks=peaks)
    db.execute(made.on_conflict_do_update(index_elements=[Waveform.file_id], set_={"peaks": peaks}))


def find(db: Session, file_id: UUID, *, user_id: UUID) -> bytes:
    """Int8 (buckets, 2): least and greatest of each bucket, in 1/127 of full scale. Raises NoWaveform."""
    peaks = db.scalar(select(Waveform.peaks).where(Waveform.file_id == file_id, Waveform.user_id == user_id))
    if peaks is None:
        raise NoWaveform
    return peaks
