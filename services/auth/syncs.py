"""What an app tells of somebody who has just signed in elsewhere: it fills what is still empty, and proves nothing."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.auth.errors import SubjectDiffers
from services.auth.models import Identity, User, UserProfile, receives_no_mail
from services.auth.schemas.bearers import NewSync
from shared.errors import NotFound

MAX_AVATAR_CHARACTERS = 255  # as the column is wide


def note(db: Session, told: NewSync, *, user_id: UUID, session_id: UUID) -> dict[str, Any]:
    """The account as Harmony Helper reads it, by column name. May be repeated.

    `session_id` is the identity whose token is used, or a sign-in here. An address is shown back to its teller and put on no
    account: only the issuer's word makes one count. Raises SubjectDiffers, NotFound.
    """
    mine = db.execute(select(Identity.id, Identity.subject, Identity.email).where(Identity.user_id == user_id)).all()
    used = next((each for each in mine if each.id == session_id), None)
    _check(told, {used.subject} if used else {each.subject for each in mine})
    if used and not used.email and told.email:
        db.execute(update(Identity).where(Identity.id == used.id, Identity.user_id == user_id).values(email=told.email))
    if told.name:
        db.execute(update(User).where(User.id == user_id, User.name == "").values(name=told.name))
    if told.picture and told.picture.startswith("https://") and len(told.picture) <= MAX_AVATAR_CHARACTERS:
        empty = (UserProfile.user_id == user_id) & UserProfile.avatar.is_(None)
        db.execute(update(UserProfile).where(empty).values(avatar=told.picture))
    columns = (User.id, User.email, User.name, User.created_at)
    row = db.execute(select(*columns).where(User.id == user_id, User.is_active)).one_or_none()
    if row is None:
        raise NotFound
    named = (used.email or told.email) if used and receives_no_mail(row.email) else None
    return dict(row._mapping) | {"auth0_id": used.subject if used else None, "email": named or row.email}


def _check(told: NewSync, subjects: set[str]) -> None:
    if not {told.sub, told.auth0_id} - {None} <= subjects:
        raise SubjectDiffers
