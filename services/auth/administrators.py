"""Administrators: who is one, asked of the database at each of their acts, and how the first one comes to be.

There is no default account. While there is no administrator, whoever holds the machine has a token that makes one, once.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import cast, delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from services.auth import audit, one_time
from services.auth.errors import AdministratorExists, LastAdministrator, NotAnAdministrator, SignInTooOld
from services.auth.models import OneTimeToken, User, UserSession, role_of
from services.auth.one_time import MINUTE, Purpose
from shared import clock
from shared.identity import Caller

ROLE = "admin"
FRESH = timedelta(hours=12)  # a working day: a session that was stolen yesterday administers nothing
FIRST_ADMIN_SECONDS = 15 * MINUTE
LOCK = text("SELECT pg_advisory_xact_lock(hashtext('tutti administrators'))")
EXISTS = text("SELECT is_there_an_administrator()")
IS_ADMINISTRATOR = cast(User.roles, JSONB).contains([ROLE])


def require(db: Session, caller: Caller, *, is_change: bool) -> None:
    """Let administrators pass. A token alone does not do: the account is asked, and for a change the sign-in is young.

    Raises NotAnAdministrator, SignInTooOld.
    """
    if not caller.is_admin:
        raise NotAnAdministrator
    mine = select(UserSession.created_at).where(UserSession.id == caller.session_id, UserSession.user_id == caller.id)
    row = db.execute(select(User.roles, mine.scalar_subquery()).where(User.id == caller.id, User.is_active)).one_or_none()
    if row is None or ROLE not in row[0]:
        raise NotAnAdministrator
    if row[1] is None or (is_change and row[1] < clock.now() - FRESH):
        raise SignInTooOld


def keep_one(db: Session, *, but: UUID) -> None:
    """Make sure that somebody administers besides this user, until the transaction ends. Raises LastAdministrator."""
    db.execute(LOCK)
    if not db.scalar(select(exists().where(User.id != but, User.is_active, IS_ADMINISTRATOR))):
        raise LastAdministrator


def is_there_one(db: Session) -> bool:
    """Whether anybody administers."""
    return bool(db.scalar(EXISTS))


def invite_first(db: Session) -> str | None:
    """A secret that makes whoever brings it the first administrator; None where there is one. The one before is worthless.

    For whoever holds the machine: it takes the worker's role.
    """
    if is_there_one(db):
        return None
    db.execute(delete(OneTimeToken).where(OneTimeToken.purpose == Purpose.FIRST_ADMIN))
    return one_time.issue(db, Purpose.FIRST_ADMIN, user_id=None, seconds=FIRST_ADMIN_SECONDS)


def become_first(db: Session, secret: str, *, user_id: UUID, address: str) -> dict[str, object]:
    """Make this user the first administrator. Raises AdministratorExists, OneTimeTokenInvalid."""
    db.execute(LOCK)
    if is_there_one(db):
        raise AdministratorExists
    one_time.redeem(db, Purpose.FIRST_ADMIN, secret)
    roles = ["user", ROLE]
    made = update(User).where(User.id == user_id, User.is_active).values(roles=roles)
    row = db.execute(made.returning(User.id, User.email, User.username)).one()
    audit.note(db, "roles.changed", user_id=user_id, ip_address=address, roles=roles)
    return {"id": row.id, "email": row.email, "username": row.username, "role": role_of(roles)}
