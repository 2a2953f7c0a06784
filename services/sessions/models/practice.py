"""Practice sessions, the sections that were worked on in them, and the chunks that a running one arrives in."""

from datetime import date as Date
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Text, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.sessions.models.base import Base


class State(StrEnum):
    """How far a session has come: RUNNING or SAVING, then SAVED, or out of the table."""

    RUNNING = "running"  # somebody is practising, and its chunks arrive; the sweep saves it when no more of them do
    SAVING = "saving"  # its recording is on the way to media; nobody sees it yet, and the sweep takes it after a while
    SAVED = "saved"  # all of it is kept


class Session(Base):
    """One time that somebody practised one piece, with the columns of seed 001.

    Its `audio_url` is no column: media mints one for every answer, from `recording_id`.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'saving', 'saved')", name="state"),
        CheckConstraint("duration_seconds >= 0", name="duration"),
        CheckConstraint("total_practice_seconds >= 0", name="total_practice"),
        CheckConstraint("score_accuracy BETWEEN 0 AND 100", name="accuracy"),
        CheckConstraint("tempo_bpm > 0", name="tempo"),
        CheckConstraint("self_rating BETWEEN 1 AND 5", name="self_rating"),
        Index("ix_sessions_user_id_date", "user_id", "date", "id"),
        Index(
            "ix_sessions_days",
            "user_id",
            "practised_on",
            postgresql_include=["duration_seconds", "date", "time_zone"],
            postgresql_where="state = 'saved'",
        ),
        Index("ix_sessions_pieces", "user_id", "piece", "date", "id", postgresql_where="state = 'saved'"),
        Index("ix_sessions_unsaved", "created_at", postgresql_where="state <> 'saved'"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    user_id: Mapped[UUID]
    song_name: Mapped[str] = mapped_column(String)
    piece: Mapped[str] = mapped_column(String)  # the song's name folded: what makes two sessions of the same piece
    instrument: Mapped[str] = mapped_column(String)
    folded_instrument: Mapped[str] = mapped_column(String)  # the same for instruments
    duration_seconds: Mapped[int] = mapped_column(Integer)
    total_practice_seconds: Mapped[int] = mapped_column(Integer)
    date: Mapped[datetime] = mapped_column(server_default=func.now())
    time_zone: Mapped[str] = mapped_column(String)  # the IANA zone in force when it was saved
    practised_on: Mapped[Date]  # the day it counts for: its date in its zone, after the hour at which its player's days began
    xml_content: Mapped[str | None] = mapped_column(Text)
    score_facts: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))  # title, parts, key, ... of xml_content
    score_problem: Mapped[str | None] = mapped_column(Text)  # why there are none, where xml_content is no MusicXML
    analysis: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))  # as it was sent: an object, or a string
    analysis_summary: Mapped[str | None] = mapped_column(Text)
    analysis_feedback: Mapped[str | None] = mapped_column(Text)
    score_accuracy: Mapped[int | None] = mapped_column(Integer)
    notes: Mapped[str | None] = mapped_column(Text)
    tempo_bpm: Mapped[float | None] = mapped_column(Float)  # quarter notes a minute
    self_rating: Mapped[int | None] = mapped_column(SmallInteger)
    recording_id: Mapped[UUID | None]  # the file of media that holds the recording
    state: Mapped[str] = mapped_column(String)
    recovered: Mapped[bool] = mapped_column(server_default=false())  # nobody finished it: it is what had arrived by then
    tried_at: Mapped[datetime | None]  # when the sweep last tried to save it, where it is unfinished
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Section(Base):
    """A run of measures that was worked on in a session: for how long, how fast it went in the end, how it felt."""

    __tablename__ = "sections"
    __table_args__ = (
        CheckConstraint("first_measure >= 0 AND last_measure >= first_measure", name="measures"),
        CheckConstraint("seconds >= 0", name="seconds"),
        CheckConstraint("tempo_bpm > 0", name="tempo"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("ix_sections_user_id", "user_id", "session_id"),
        {"info": {"policy": "own"}},
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)  # from 0, in the order in which they were sent
    user_id: Mapped[UUID]
    first_measure: Mapped[int] = mapped_column(Integer)  # as printed: an upbeat is 0
    last_measure: Mapped[int] = mapped_column(Integer)
    seconds: Mapped[int] = mapped_column(Integer)
    tempo_bpm: Mapped[float | None] = mapped_column(Float)
    rating: Mapped[int | None] = mapped_column(SmallInteger)


class Chunk(Base):
    """What was practised since the last chunk of a running session; its sound, where it has any, is a part that media keeps."""

    __tablename__ = "chunks"
    __table_args__ = (
        CheckConstraint("number >= 0", name="number"),
        CheckConstraint("duration_seconds >= 0 AND total_practice_seconds >= 0", name="seconds"),
        CheckConstraint("size_bytes >= 0", name="size"),
        Index("ix_chunks_user_id", "user_id"),
        {"info": {"policy": "own"}},
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[UUID]
    duration_seconds: Mapped[int] = mapped_column(Integer)  # of the whole session, as of this chunk
    total_practice_seconds: Mapped[int] = mapped_column(Integer)
    size_bytes: Mapped[int] = mapped_column(Integer)  # of its sound
    sha256: Mapped[bytes] = mapped_column(LargeBinary)  # of its sound, so that the same chunk again is known
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
