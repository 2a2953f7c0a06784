"""What somebody tells of themselves, and how they are called."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.auth.errors import UsernameTaken
from services.auth.models import User, UserProfile, role_of
from shared import ids
from shared.errors import NotFound

OF_ACCOUNT = frozenset({"username", "name"})
TOLD = (
    UserProfile.first_name,
    UserProfile.last_name,
    UserProfile.avatar,
    UserProfile.birth_date,
    func.coalesce(UserProfile.time_zone, "").label("time_zone"),
    func.coalesce(UserProfile.bio, "").label("bio"),
    UserProfile.preferences,
)
ACCOUNT = (User.id, User.email, User.username, User.name, User.roles, User.created_at, User.last_login_at)


def get(db: Session, *, user_id: UUID) -> dict[str, Any]:
    """Account and profile as one row, by column name. Raises NotFound."""
    is_confirmed = User.email_confirmed_at.is_not(None).label("is_email_confirmed")
    mine = select(*ACCOUNT, is_confirmed, *TOLD).outerjoin(UserProfile, UserProfile.user_id == User.id)
    row = db.execute(mine.where(User.id == user_id, User.is_active)).one_or_none()
    if row is None:
        raise NotFound
    return dict(row._mapping) | {"role": role_of(row.roles), "preferences": row.preferences or {}}


def change(db: Session, *, user_id: UUID, **changed: Any) -> dict[str, Any]:
    """Change what is named, leave the rest; the profile as it then is. Raises UsernameTaken, NotFound.

    The next access token carries a new time zone.
    """
    of_account = {name: value for name, value in changed.items() if name in OF_ACCOUNT}
    of_profile = {name: value for name, value in changed.items() if name not in OF_ACCOUNT}
    if of_account:
        _rename(db, user_id, of_account)
    if of_profile:
        row = insert(UserProfile).values(id=ids.new(), user_id=user_id, **of_profile)
        db.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=of_profile))
    return get(db, user_id=user_id)


def _rename(db: Session, user_id: UUID, named: dict[str, Any]) -> None:
    try:
        db.execute(update(User).where(User.id == user_id).values(**named))
    except IntegrityError as reason:
        raise UsernameTaken from reason
