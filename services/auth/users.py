"""Accounts: made, found, read."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.auth.errors import EmailTaken, UsernameTaken
from services.auth.models import User, UserProfile, role_of
from services.auth.schemas.accounts import NewUser
from shared import clock, ids
from shared import db as database
from shared.errors import NotFound

USERNAME_INDEX = "ix_users_username_lower"


ZONE = select(UserProfile.time_zone).where(UserProfile.user_id == User.id).scalar_subquery()
ACCOUNT = (User.id, User.email, User.username, User.roles, func.coalesce(ZONE, ""))


@dataclass(frozen=True, slots=True)
class Account:
    """What a token and its answer say of somebody; `zone` is an IANA name, or empty."""

    id: UUID
    email: str
    username: str | None
    roles: list[str]
    zone: str

    @property
    def role(self) -> str:
        """The one word that seed 004's client reads."""
        return role_of(self.roles)


def join(db: Session, new: NewUser, password_hash: str) -> User:
    """Make an account, and go on as its user. Raises EmailTaken, UsernameTaken."""
    user = User(
        id=ids.new(), email=new.email, username=new.username, name=new.name or "", password=password_hash, roles=["user"]
    )
    user.is_active = True
    user.created_at = clock.now()
    database.become(db, user.id)
    db.add(user)
    try:
        db.flush()
    except IntegrityError as reason:
        raise (UsernameTaken if USERNAME_INDEX in str(reason.orig) else EmailTaken) from reason
    db.add(UserProfile(id=ids.new(), user_id=user.id, time_zone=new.time_zone))
    db.flush()
    return user


def get(db: Session, *, user_id: UUID) -> Account:
    """The account of an active user. Raises NotFound."""
    row = db.execute(select(*ACCOUNT).where(User.id == user_id, User.is_active)).one_or_none()
    if row is None:
        raise NotFound
    return Account(*row)


def profile(db: Session, *, user_id: UUID) -> dict[str, Any]:
    """Account and profile as one row, by column name. Raises NotFound."""
    told = (UserProfile.first_name, UserProfile.last_name, UserProfile.avatar, UserProfile.birth_date)
    zone = func.coalesce(UserProfile.time_zone, "").label("time_zone")
    columns = (User.id, User.email, User.username, User.name, User.roles, User.created_at, User.last_login_at, *told, zone)
    row = db.execute(
        select(*columns).outerjoin(UserProfile, UserProfile.user_id == User.id).where(User.id == user_id, User.is_active)
    ).one_or_none()
    if row is None:
        raise NotFound
    return dict(row._mapping) | {"role": role_of(row.roles)}
