"""JSON of goals."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from services.sessions.goals.progress import Outcome
from services.sessions.models.goals import GoalState, Period
from services.sessions.schemas.fields import Day
from shared.schemas import In, Line, Out

MAX_MINUTES = 44_640  # a month of nothing else
Minutes = Annotated[int, Field(strict=True, ge=1, le=MAX_MINUTES)]


class NewGoal(In):
    """So many minutes in every period: of anything, of one piece, or on one instrument. Without `starts_on` it starts today."""

    period: Period
    target_minutes: Minutes
    title: Line | None = None
    song_name: Line | None = None
    instrument: Line | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class GoalChange(In):
    """What is to be otherwise; what is not named stays.

    A new target counts for the past too: to keep that as it was, archive the goal and set a new one. `state` pauses a goal,
    archives it and takes it up again: the days on which it was not active are none of its days.
    """

    target_minutes: Minutes = 1
    title: Line | None = None
    song_name: Line | None = None
    instrument: Line | None = None
    starts_on: Day = date(1970, 1, 1)
    ends_on: Day | None = None
    state: GoalState | None = None

    @model_validator(mode="after")
    def _says_a_state(self) -> "GoalChange":
        if "state" in self.model_fields_set and self.state is None:
            raise ValueError("state is active, paused or archived")
        return self


class ProgressOut(Out):
    """One period of a goal. Where only some days of it are days of the goal, the target is that part of it."""

    period_from: date
    period_until: date
    minutes: int
    target_minutes: int
    percent: int
    is_met: bool
    outcome: Outcome


class GoalOut(Out):
    """A goal, and the period that today lies in."""

    id: UUID
    title: str | None
    period: Period
    target_minutes: int
    song_name: str | None
    instrument: str | None
    state: GoalState
    starts_on: date
    ends_on: date | None
    created_at: datetime
    progress: ProgressOut


class HistoryOut(Out):
    """The latest periods of a goal, newest first; and how many in a row were met up to now, paused ones left out."""

    periods: list[ProgressOut]
    run: int
