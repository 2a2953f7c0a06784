"""Invitations: somebody for whom an account was made chooses its password."""

from sqlalchemy import func, update

from services.auth import audit, one_time, passwords, users
from services.auth.errors import OneTimeTokenInvalid
from services.auth.models import User
from services.auth.one_time import Purpose
from services.auth.world import World
from shared import clock
from shared import db as database
from shared.db import transaction
from shared.errors import NotFound


def accept(world: World, secret: str, password: str, *, address: str) -> None:
    """Keep the password of whoever brings the secret of an invitation; their address is confirmed by it.

    Raises OneTimeTokenInvalid, WeakPassword, TooManySignIns: a weak password leaves the invitation good.
    """
    password_hash = passwords.chosen(password, email=_invited(world, secret))
    with transaction(world.engine) as db:
        user_id = one_time.redeem(db, Purpose.INVITATION, secret).user_id
        if user_id is None:
            raise OneTimeTokenInvalid
        database.become(db, user_id)
        confirmed = func.coalesce(User.email_confirmed_at, clock.now())
        db.execute(
            update(User).where(User.id == user_id, User.is_active).values(password=password_hash, email_confirmed_at=confirmed)
        )
        one_time.forget(db, user_id=user_id)
        audit.note(db, "invitation.accepted", user_id=user_id, ip_address=address)


def _invited(world: World, secret: str) -> str:
    """The address that was invited."""
    with transaction(world.engine) as db:
        user_id = one_time.find(db, Purpose.INVITATION, secret).user_id
        if user_id is None:
            raise OneTimeTokenInvalid
        database.become(db, user_id)
        try:
            return users.get(db, user_id=user_id).email
        except NotFound as reason:
            raise OneTimeTokenInvalid from reason
