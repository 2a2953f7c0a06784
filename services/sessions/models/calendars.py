"""What a player wishes of their calendar. Nothing that follows from it, such as a streak, is stored."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.sessions.models.base import Base


class PracticeRule(Base):
    """When a player's days begin, and on which weekdays they rest, from one day on: an older day keeps the rule of its time."""

    __tablename__ = "practice_rules"
    __table_args__ = (
        CheckConstraint("day_start_hour BETWEEN 0 AND 12", name="day_start_hour"),
        CheckConstraint("rest_weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]", name="rest_weekdays"),
        {"info": {"policy": "own"}},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    day_start_hour: Mapped[int] = mapped_column(SmallInteger)  # local; what is played before it belongs to the day before
    rest_weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))  # ISO: Monday is 1


class RestDay(Base):
    """A single day off, planned or taken afterwards: it neither adds to a streak nor ends it."""

    __tablename__ = "rest_days"
    __table_args__ = ({"info": {"policy": "own"}},)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    rest_on: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str | None] = mapped_column(Text)
