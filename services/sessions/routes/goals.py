"""`/api/goals`: how much somebody wants to practise, and how near they are to it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from services.sessions.errors import GoalNotFound
from services.sessions.goals import goals, progress
from services.sessions.models.goals import GoalState
from services.sessions.routes.reach import Today
from services.sessions.schemas.goals import GoalChange, GoalOut, HistoryOut, NewGoal
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, id_or, once

router = new_router()

SHOWN = [GoalState.ACTIVE, GoalState.PAUSED]
PERIODS = 30  # of a history where nobody says how many


def _goal_id(goal_id: Annotated[str, Path(max_length=64)]) -> UUID:
    return id_or(GoalNotFound, goal_id)


GoalId = Annotated[UUID, Depends(_goal_id)]


@router.get("/api/goals")
def list_goals(
    caller: SignedIn, db: Db, today: Today, state: Annotated[list[GoalState] | None, Query(max_length=3)] = None
) -> list[GoalOut]:
    """Your goals, newest first, each with its progress; archived ones where you ask for them with `state=archived`."""
    rows = goals.listed(db, user_id=caller.id, states=SHOWN if state is None else state)
    return [GoalOut.model_validate(each) for each in progress.current(db, rows, user_id=caller.id, today=today)]


@router.post("/api/goals", status_code=201, dependencies=[once])
def create_goal(new: NewGoal, caller: SignedIn, db: Db, today: Today, response: Response) -> GoalOut:
    """Set a goal: so many minutes a day, a week or a month; of anything, of one piece, on one instrument."""
    facts = new.model_dump() | {"starts_on": new.starts_on or today}
    made = goals.create(db, user_id=caller.id, **facts)
    response.headers["Location"] = f"/api/goals/{made}"
    return _shown(db, made, caller, today)


@router.get("/api/goals/{goal_id}")
def read_goal(goal_id: GoalId, caller: SignedIn, db: Db, today: Today) -> GoalOut:
    """One goal, and how near you are to it."""
    return _shown(db, goal_id, caller, today)


@router.patch("/api/goals/{goal_id}")
def change_goal(goal_id: GoalId, change: GoalChange, caller: SignedIn, db: Db, today: Today) -> GoalOut:
    """Change a goal; pause, archive or take it up again by its `state`."""
    goals.change(db, goal_id, user_id=caller.id, today=today, **change.model_dump(exclude_unset=True))
    return _shown(db, goal_id, caller, today)


@router.delete("/api/goals/{goal_id}", status_code=204)
def delete_goal(goal_id: GoalId, caller: SignedIn, db: Db) -> None:
    """Delete a goal with its history; what was practised stays."""
    goals.remove(db, goal_id, user_id=caller.id)


@router.get("/api/goals/{goal_id}/progress")
def read_progress(
    goal_id: GoalId,
    caller: SignedIn,
    db: Db,
    today: Today,
    periods: Annotated[int, Query(ge=1, le=progress.MOST_PERIODS)] = PERIODS,
) -> HistoryOut:
    """The latest periods of a goal, newest first: met, missed, paused or still open; and the run of met ones."""
    row = goals.find(db, goal_id, user_id=caller.id)
    return HistoryOut.model_validate(progress.history(db, row, user_id=caller.id, today=today, periods_back=periods))


def _shown(db: Db, goal_id: UUID, caller: SignedIn, today: date) -> GoalOut:
    row = goals.find(db, goal_id, user_id=caller.id)
    return GoalOut.model_validate(progress.current(db, [row], user_id=caller.id, today=today)[0])
