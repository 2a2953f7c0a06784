"""What an app asked a newcomer, and what they answered."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from services.auth.models import OnboardingResponse
from shared import ids


def replace(db: Session, responses: Iterable[dict[str, Any]], *, user_id: UUID) -> None:
    """Keep these answers (`question_id`, `question`, `answer`) instead of those before."""
    db.execute(delete(OnboardingResponse).where(OnboardingResponse.user_id == user_id))
    rows = [{"id": ids.new(), "user_id": user_id, **each} for each in responses]
    if rows:
        db.execute(insert(OnboardingResponse), rows)


def of(db: Session, *, user_id: UUID) -> list[dict[str, Any]]:
    """The answers, in the order in which they were sent."""
    told = (OnboardingResponse.question_id, OnboardingResponse.question, OnboardingResponse.answer)
    mine = select(*told).where(OnboardingResponse.user_id == user_id).order_by(OnboardingResponse.id)
    return [dict(row) for row in db.execute(mine).mappings()]


def is_completed(db: Session, *, user_id: UUID) -> bool:
    """Whether there are answers."""
    return bool(db.scalar(select(exists().where(OnboardingResponse.user_id == user_id))))
