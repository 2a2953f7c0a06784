"""Goals: made, changed, put aside. How near somebody is to one is in `progress`."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session as Database

from services.sessions.errors import GoalEndsBeforeItStarts, GoalNotFound, TooManyGoals
from services.sessions.models.goals import Goal, GoalPause, GoalState, Period
from services.sessions.practice import pieces
from shared import db as database
from shared import ids

MOST = 100  # of one person: all of them are answered at once
LISTED = (
    Goal.id,
    Goal.title,
    Goal.period,
    Goal.target_minutes,
    Goal.song_name,
    Goal.instrument,
    Goal.state,
    Goal.starts_on,
    Goal.ends_on,
    Goal.created_at,
)

AnyRow = Row[*tuple[Any, ...]]


def create(db: Database, *, user_id: UUID, **facts: Any) -> UUID:
    """Set a goal; its id. Raises TooManyGoals, GoalEndsBeforeItStarts."""
    database.lock(db, f"goals of {user_id}")
    if (db.scalar(select(func.count()).select_from(Goal).where(Goal.user_id == user_id)) or 0) >= MOST:
        raise TooManyGoals(max_goals=MOST)
    _check_days(facts["starts_on"], facts["ends_on"])
    goal_id, state = ids.new(), GoalState.ACTIVE.value
    db.execute(insert(Goal).values(id=goal_id, user_id=user_id, state=state, **facts, **pieces.columns(facts)))
    return goal_id


def listed(db: Database, *, user_id: UUID, states: Sequence[GoalState]) -> Sequence[AnyRow]:
    """Somebody's goals in these states, the newest first."""
    mine = select(*LISTED).where(Goal.user_id == user_id, Goal.state.in_([each.value for each in states]))
    return db.execute(mine.order_by(Goal.created_at.desc(), Goal.id.desc())).all()


def find(db: Database, goal_id: UUID, *, user_id: UUID) -> AnyRow:
    """One goal. Raises GoalNotFound."""
    row = db.execute(select(*LISTED).where(Goal.id == goal_id, Goal.user_id == user_id)).one_or_none()
    if row is None:
        raise GoalNotFound
    return row


def change(db: Database, goal_id: UUID, *, user_id: UUID, today: date, state: GoalState | None = None, **facts: Any) -> None:
    """Change what is named. Days on which a goal is PAUSED or ARCHIVED, from today on, are none of its days.

    Raises GoalNotFound, GoalEndsBeforeItStarts.
    """
    found = select(Goal.state, Goal.starts_on, Goal.ends_on).where(Goal.id == goal_id, Goal.user_id == user_id)
    before = db.execute(found.with_for_update()).one_or_none()
    if before is None:
        raise GoalNotFound
    facts |= pieces.columns(facts)
    _check_days(facts.get("starts_on", before.starts_on), facts.get("ends_on", before.ends_on))
    if state is not None and state != before.state:
        facts["state"] = state.value
        if before.state == GoalState.ACTIVE:
            _put_aside(db, goal_id, user_id=user_id, today=today)
        elif state is GoalState.ACTIVE:
            _take_up(db, goal_id, user_id=user_id, today=today)
    if facts:
        db.execute(update(Goal).where(Goal.id == goal_id, Goal.user_id == user_id).values(**facts))


def remove(db: Database, goal_id: UUID, *, user_id: UUID) -> None:
    """Delete a goal and its past. Raises GoalNotFound."""
    gone = delete(Goal).where(Goal.id == goal_id, Goal.user_id == user_id).returning(Goal.id)
    if db.scalar(gone) is None:
        raise GoalNotFound


def daily_target(db: Database, *, user_id: UUID, today: date, song_name: str | None, instrument: str | None) -> int | None:
    """The minutes a day of the newest active goal for exactly this piece and instrument, where None is any."""
    mine = (Goal.user_id == user_id, Goal.state == GoalState.ACTIVE.value, Goal.period == Period.DAILY.value)
    now = (Goal.starts_on <= today, func.coalesce(Goal.ends_on, today) >= today)
    names = pieces.columns({"song_name": song_name, "instrument": instrument})
    exactly = [getattr(Goal, column).is_not_distinct_from(name) for column, name in names.items()]
    found = select(Goal.target_minutes).where(*mine, *now, *exactly)
    return db.scalar(found.order_by(Goal.created_at.desc(), Goal.id.desc()).limit(1))


def pauses(db: Database, goal_ids: Sequence[UUID], *, user_id: UUID) -> dict[UUID, list[tuple[date, date | None]]]:
    """The days on which each goal was not asked for, as spans with both ends included; an open one lasts."""
    found: dict[UUID, list[tuple[date, date | None]]] = {each: [] for each in goal_ids}
    spans = select(GoalPause.goal_id, GoalPause.from_on, GoalPause.until_on)
    for row in db.execute(spans.where(GoalPause.goal_id.in_(goal_ids), GoalPause.user_id == user_id)):
        found[row.goal_id].append((row.from_on, row.until_on))
    return found


def _put_aside(db: Database, goal_id: UUID, *, user_id: UUID, today: date) -> None:
    """A pause begins today; one that ended yesterday goes on."""
    mine = (GoalPause.goal_id == goal_id, GoalPause.user_id == user_id)
    goes_on = update(GoalPause).where(*mine, GoalPause.until_on >= today - timedelta(days=1)).values(until_on=None)
    if db.scalar(goes_on.returning(GoalPause.goal_id)) is None:
        db.execute(insert(GoalPause).values(goal_id=goal_id, user_id=user_id, from_on=today))


def _take_up(db: Database, goal_id: UUID, *, user_id: UUID, today: date) -> None:
    """The pause ended yesterday; one that began today, or later on another calendar, never was."""
    open_one = (GoalPause.goal_id == goal_id, GoalPause.user_id == user_id, GoalPause.until_on.is_(None))
    db.execute(delete(GoalPause).where(*open_one, GoalPause.from_on >= today))
    db.execute(update(GoalPause).where(*open_one).values(until_on=today - timedelta(days=1)))


def _check_days(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise GoalEndsBeforeItStarts
