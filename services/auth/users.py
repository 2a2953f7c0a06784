"""Accounts: found, read."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.auth.models import User, UserProfile, role_of
from shared.errors import NotFound

TAKEN = text("SELECT has_email, has_username FROM find_taken_names(:email, :username)")
USERNAME_INDEX = "ix_users_username_lower"


ZONE = select(UserProfile.time_zone).where(UserProfile.user_id == User.id).scalar_subquery()
ACCOUNT = (User.id, User.email, User.username, User.roles, func.coalesce(ZONE, ""), User.email_confirmed_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Taken:
    """Which names are an account's already."""

    email: bool
    username: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What a token and its answer say of somebody; `zone` is an IANA name, or empty."""

    id: UUID
    email: str
    username: str | None
    roles: list[str]
    zone: str
    is_confirmed: bool

    @property
    def role(self) -> str:
        """The one word that seed 004's client reads."""
        return role_of(self.roles)


def taken(db: Session, *, email: str, username: str | None = None) -> Taken:
    """Which of these names somebody has, asked as nobody."""
    row = db.execute(TAKEN, {"email": email, "username": username}).one()
    return Taken(row.has_email, row.has_username)


def get(db: Session, *, user_id: UUID, held: bool = False) -> Account:
    """The account of an active user; `held`, as it stays until this transaction ends. Raises NotFound."""
    mine = select(*ACCOUNT).where(User.id == user_id, User.is_active)
    row = db.execute(mine.with_for_update(read=True, of=User) if held else mine).one_or_none()
    if row is None:
        raise NotFound
    return Account(*row)
