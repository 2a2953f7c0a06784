"""The accounts as administrators see them: found, made, changed, sent a new password, signed out.

The transaction is the administrator's, whom row-level security lets at every account.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, cast, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.auth import administrators, audit, leaving, one_time, revocations, sign_ins
from services.auth.errors import EmailTaken, NotEnabled, UsernameTaken, YourOwnAccount
from services.auth.leaving import Deletion
from services.auth.models import User, UserProfile
from services.auth.one_time import Purpose
from services.auth.pages import Page
from services.auth.schemas.administration import NewAccount
from services.auth.tasks import mail
from services.auth.users import USERNAME_INDEX
from shared import clock, ids, paging
from shared.errors import NotFound

COLUMNS = (
    User.id,
    User.email,
    User.username,
    User.name,
    User.roles,
    User.is_active,
    User.auth_provider,
    User.email_confirmed_at,
    User.created_at,
    User.last_login_at,
)


class Sort(StrEnum):
    """What a list of accounts may be sorted by."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts; None and empty leave a question open."""

    text: str = ""  # in the address, the username or the name
    role: str | None = None
    is_active: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL. What is typed is text: its % and _ mean nothing."""
        found: list[ColumnElement[bool]] = []
        if self.text:
            found.append(or_(*(each.icontains(self.text, autoescape=True) for each in (User.email, User.username, User.name))))
        if self.role is not None:
            found.append(cast(User.roles, JSONB).contains([self.role]))
        if self.is_active is not None:
            found.append(User.is_active == self.is_active)
        return found


def search(db: Session, wanted: Wanted, *, sort: Sort, limit: int, cursor: str | None) -> Page:
    """One page of accounts. Raises BadCursor."""
    these = wanted.conditions()
    page = _after(select(*COLUMNS).where(*these), sort, cursor).limit(limit + 1)
    rows = [_shape(row) for row in db.execute(page)]
    total = db.scalar(select(func.count(User.id)).where(*these)) or 0
    return Page.of(rows, limit=limit, total=total, cursor=lambda row: _cursor(row, sort))


def get(db: Session, *, user_id: UUID) -> dict[str, Any]:
    """One account. Raises NotFound."""
    row = db.execute(select(*COLUMNS).where(User.id == user_id)).one_or_none()
    if row is None:
        raise NotFound
    return _shape(row)


def create(db: Session, new: NewAccount, password_hash: str, *, actor_id: UUID, address: str) -> dict[str, Any]:
    """Make an account; without a password its owner is invited to choose one. Raises EmailTaken, UsernameTaken."""
    now = clock.now()
    user = User(id=ids.new(), email=new.email, username=new.username, name=new.name, password=password_hash, created_at=now)
    user.roles, user.is_active = _ordered(new.roles), True
    user.email_confirmed_at = now if new.email_confirmed else None
    db.add(user)
    _flush(db)
    db.add(UserProfile(id=ids.new(), user_id=user.id, time_zone=new.time_zone))
    audit.note(db, "account.made", user_id=user.id, actor_id=actor_id, ip_address=address, roles=user.roles)
    if not password_hash:
        mail.send(db, "invitation", user_id=user.id, link=Purpose.INVITATION)
    return get(db, user_id=user.id)


def change(db: Session, changes: dict[str, Any], *, user_id: UUID, actor_id: UUID, address: str) -> dict[str, Any]:
    """Change what `changes` names of an account: `name`, `username`, `roles`, `is_active`, `email_confirmed`.

    Who is disabled, and who loses a role, holds no token any more that says otherwise.
    Raises NotFound, UsernameTaken, YourOwnAccount, LastAdministrator.
    """
    user = _locked(db, user_id)
    before = list(user.roles)
    _refuse_losing_administration(db, user, changes, actor_id=actor_id)
    for name in ("name", "username", "is_active"):
        if name in changes:
            setattr(user, name, changes[name])
    if "roles" in changes:
        user.roles = _ordered(changes["roles"])
    if "email_confirmed" in changes:
        user.email_confirmed_at = (user.email_confirmed_at or clock.now()) if changes["email_confirmed"] else None
    _flush(db)
    if changes.get("is_active") is False:
        _shut_out(db, user_id)
    elif set(before) - set(user.roles):
        revocations.revoke(db, user_id=user_id)  # sign-ins stay: their next token has the roles of now
    told = {"roles": user.roles} if "roles" in changes else {}
    changed = sorted(changes)
    audit.note(db, _act(changes), user_id=user_id, actor_id=actor_id, ip_address=address, changed=changed, **told)
    return get(db, user_id=user_id)


def send_new_password(db: Session, *, user_id: UUID, actor_id: UUID, address: str) -> None:
    """Mail the owner a link to choose a password: the invitation again where they never had one.

    Raises NotFound, NotEnabled.
    """
    user = _locked(db, user_id)
    if not user.is_active:
        raise NotEnabled
    letter = Purpose.RESET_PASSWORD if user.password else Purpose.INVITATION
    mail.send(db, letter.value, user_id=user_id, link=letter)
    audit.note(db, "password.reset_sent", user_id=user_id, actor_id=actor_id, ip_address=address)


def sign_out(db: Session, *, user_id: UUID, actor_id: UUID, address: str) -> None:
    """End everything that this user is signed in with. Raises NotFound."""
    _locked(db, user_id)
    _shut_out(db, user_id)
    audit.note(db, "sign_ins.ended", user_id=user_id, actor_id=actor_id, ip_address=address)


def remove(db: Session, *, user_id: UUID, days: int, actor_id: UUID) -> Deletion:
    """Have an account deleted in so many days, in which its owner may sign in and stay; 0 is at once, whatever waits already.

    Raises NotFound, YourOwnAccount, LastAdministrator.
    """
    user = _locked(db, user_id)
    if user_id == actor_id:
        raise YourOwnAccount
    if administrators.ROLE in user.roles and user.is_active:
        administrators.keep_one(db, but=user_id)
    wished = leaving.request_deletion(db, user_id=user_id, days=days, actor_id=actor_id)
    if days:
        return wished
    _shut_out(db, user_id)
    return leaving.hasten(db, user_id=user_id)


def _refuse_losing_administration(db: Session, user: User, changes: dict[str, Any], *, actor_id: UUID) -> None:
    is_disabled = changes.get("is_active") is False
    if is_disabled and user.id == actor_id:
        raise YourOwnAccount
    loses = administrators.ROLE not in changes.get("roles", user.roles) or is_disabled
    if administrators.ROLE in user.roles and user.is_active and loses:
        administrators.keep_one(db, but=user.id)


def _shut_out(db: Session, user_id: UUID) -> None:
    sign_ins.end_all(db, user_id=user_id)
    revocations.revoke(db, user_id=user_id)  # bearers of other issuers too, which have no sign-in here
    one_time.forget(db, user_id=user_id)


def _locked(db: Session, user_id: UUID) -> User:
    user = db.scalar(select(User).where(User.id == user_id).with_for_update())
    if user is None:
        raise NotFound
    return user


def _flush(db: Session) -> None:
    try:
        db.flush()
    except IntegrityError as reason:
        raise (UsernameTaken if USERNAME_INDEX in str(reason.orig) else EmailTaken) from reason


def _act(changes: dict[str, Any]) -> str:
    if "is_active" in changes:
        return "account.enabled" if changes["is_active"] else "account.disabled"
    return "roles.changed" if "roles" in changes else "account.changed"


def _ordered(roles: list[Any]) -> list[str]:
    return sorted({"user", *(str(each) for each in roles)}, reverse=True)


def _after(page: Any, sort: Sort, cursor: str | None) -> Any:
    at: Any = User.email if sort is Sort.EMAIL else User.created_at
    if cursor:
        first: str | datetime
        first, row_id = paging.text_position(cursor) if sort is Sort.EMAIL else paging.position(cursor)
        here, there = tuple_(at, User.id), tuple_(first, row_id)
        page = page.where(here < there if sort is Sort.NEWEST else here > there)
    return page.order_by(at.desc(), User.id.desc()) if sort is Sort.NEWEST else page.order_by(at, User.id)


def _cursor(row: dict[str, Any], sort: Sort) -> str:
    return paging.cursor(row["email"] if sort is Sort.EMAIL else row["created_at"], row["id"])


def _shape(row: Any) -> dict[str, Any]:
    return dict(row._mapping) | {"email_confirmed": row.email_confirmed_at is not None}
