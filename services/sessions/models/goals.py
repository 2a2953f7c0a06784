"""How much somebody wants to practise."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, func
from sqlalchemy.orm import Mapped, mapped_column

from services.sessions.models.base import Base


class Period(StrEnum):
    """How often a goal is to be met."""

    DAILY = "daily"
    WEEKLY = "weekly"  # weeks begin on Monday
    MONTHLY = "monthly"


class GoalState(StrEnum):
    """What a goal is at: ACTIVE and PAUSED follow each other, and ARCHIVED may be taken back."""

    ACTIVE = "active"
    PAUSED = "paused"  # its days are no days of the goal
    ARCHIVED = "archived"  # kept for its past, and asked no more


class Goal(Base):
    """So many minutes in every period: of anything, or of one piece, or on one instrument."""

    __tablename__ = "goals"
    __table_args__ = (
        CheckConstraint("period IN ('daily', 'weekly', 'monthly')", name="period"),
        CheckConstraint("state IN ('active', 'paused', 'archived')", name="state"),
        CheckConstraint("target_minutes > 0", name="target"),
        CheckConstraint("ends_on >= starts_on", name="days"),
        Index("ix_goals_user_id", "user_id", "created_at", "id"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    user_id: Mapped[UUID]
    title: Mapped[str | None] = mapped_column(String)
    period: Mapped[str] = mapped_column(String)
    target_minutes: Mapped[int] = mapped_column(Integer)
    song_name: Mapped[str | None] = mapped_column(String)  # of one piece only
    piece: Mapped[str | None] = mapped_column(String)  # that name folded, as sessions have it; and so the next
    instrument: Mapped[str | None] = mapped_column(String)
    folded_instrument: Mapped[str | None] = mapped_column(String)
    state: Mapped[str] = mapped_column(String)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class GoalPause(Base):
    """The days on which a goal was not asked for, both ends included; without an end it still is not."""

    __tablename__ = "goal_pauses"
    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="days"),
        Index("ix_goal_pauses_user_id", "user_id"),
        {"info": {"policy": "own"}},
    )

    goal_id: Mapped[UUID] = mapped_column(ForeignKey("goals.id", ondelete="CASCADE"), primary_key=True)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    until_on: Mapped[date | None]
    user_id: Mapped[UUID]
