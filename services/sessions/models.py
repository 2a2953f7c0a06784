"""The tables of the sessions service."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, String, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared import db
from shared.tables import Instant


class Base(DeclarativeBase):
    """The parent of the tables."""

    metadata = db.metadata()
    type_annotation_map: Any = {datetime: Instant, UUID: Uuid()}


class State(StrEnum):
    """How far a session has come. The only way is from SAVING to SAVED, or out of the table."""

    SAVING = "saving"  # its recording is on the way to media; nobody sees it yet, and the sweep takes it after a while
    SAVED = "saved"  # all of it is kept


class Session(Base):
    """One time that somebody practised one piece, with the columns of seed 001.

    Its `audio_url` is no column: media mints one for every answer, from `recording_id`.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("state IN ('saving', 'saved')", name="state"),
        CheckConstraint("duration_seconds >= 0", name="duration"),
        CheckConstraint("total_practice_seconds >= 0", name="total_practice"),
        CheckConstraint("score_accuracy BETWEEN 0 AND 100", name="accuracy"),
        Index("ix_sessions_user_id_date", "user_id", "date", "id"),
        Index("ix_sessions_saving", "created_at", postgresql_where="state = 'saving'"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    user_id: Mapped[UUID]
    song_name: Mapped[str] = mapped_column(String)
    instrument: Mapped[str] = mapped_column(String)
    duration_seconds: Mapped[int] = mapped_column(Integer)
    total_practice_seconds: Mapped[int] = mapped_column(Integer)
    date: Mapped[datetime] = mapped_column(server_default=func.now())
    time_zone: Mapped[str] = mapped_column(String)  # the IANA zone in force when it was saved
    xml_content: Mapped[str | None] = mapped_column(Text)
    analysis: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))  # as it was sent: an object, or a string
    analysis_summary: Mapped[str | None] = mapped_column(Text)
    analysis_feedback: Mapped[str | None] = mapped_column(Text)
    score_accuracy: Mapped[int | None] = mapped_column(Integer)
    recording_id: Mapped[UUID | None]  # the file of media that holds the recording
    state: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
