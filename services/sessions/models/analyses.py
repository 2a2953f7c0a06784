"""Performances that are held against their scores."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.sessions.models.base import Base


class AnalysisState(StrEnum):
    """How far an analysis has come: WAITING, then WORKING, then one of the others."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


class Analysis(Base):
    """One performance held against one score: of a session, or sent for this alone. Signed-out people's belong to nobody."""

    __tablename__ = "analyses"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'working', 'done', 'failed')", name="state"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        Index("ix_analyses_user_id", "user_id", "session_id"),
        Index("ix_analyses_session_id", "session_id"),
        Index("ix_analyses_created_at", "created_at"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    user_id: Mapped[UUID]
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String)
    progress: Mapped[int] = mapped_column(SmallInteger)  # percent
    step: Mapped[str | None] = mapped_column(String)  # what is being done just now
    attempts: Mapped[int] = mapped_column(
        SmallInteger, server_default="0"
    )  # children that were asked; a worker may die with one
    asked: Mapped[Any] = mapped_column(JSONB)  # tempo_bpm, starting_measure, part, ...
    result: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    failure: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))  # code and detail of the problem
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class AnalysisInput(Base):
    """What was sent to be analysed and belongs to no session; gone as soon as that is done."""

    __tablename__ = "analysis_inputs"
    __table_args__ = (Index("ix_analysis_inputs_user_id", "user_id"), {"info": {"policy": "own"}})

    analysis_id: Mapped[UUID] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID]
    recording: Mapped[bytes] = mapped_column(LargeBinary)
    score: Mapped[str] = mapped_column(Text)
