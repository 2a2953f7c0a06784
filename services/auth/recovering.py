"""A new password: by a mail's link for who has lost theirs, by the present one for who is signed in."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.auth import asking, audit, confirming, one_time, passwords, players, proving, sign_ins
from services.auth.asking import Asked
from services.auth.errors import CurrentPasswordWrong
from services.auth.models import User
from services.auth.one_time import Purpose
from services.auth.tasks import mail
from services.auth.world import World
from shared.db import transaction
from shared.errors import NotFound
from shared.identity import Caller


def request_reset(world: World, email: str, *, address: str) -> None:
    """Have a link sent, where there is an account with this address; the answer is the same where there is none.

    Raises TooMany.
    """
    asking.count(world, Asked.RESET, email=email, address=address)
    with transaction(world.engine) as db:
        mail.send_if_known(db, "reset_password", to=email, link=Purpose.RESET_PASSWORD)


def reset(world: World, secret: str, new_password: str, *, address: str) -> None:
    """Choose a new password with the secret of a mail's link. Every sign-in ends, and so does every other pending secret.

    Raises OneTimeTokenInvalid, WeakPassword (the secret then stays good), TooManySignIns.
    """
    with transaction(world.engine) as db:
        email = str(one_time.find(db, Purpose.RESET_PASSWORD, secret).facts["email"])
    password_hash = passwords.chosen(new_password, email=email)
    with transaction(world.engine) as db:
        user_id = confirming.go_on_as(db, one_time.redeem(db, Purpose.RESET_PASSWORD, secret))
        confirming.reads_the_mail(db, user_id=user_id, email=email)
        db.execute(update(User).where(User.id == user_id).values(password=password_hash))
        sign_ins.end_all(db, user_id=user_id)
        players.remove_all(db, user_id=user_id)  # whoever had to ask for a new password may have been robbed of everything
        _tell(db, "password.reset", user_id=user_id, address=address)


def change_password(
    world: World, caller: Caller, current: str | None, new: str, *, address: str = "", end_others: bool = True
) -> None:
    """Change the password of somebody who knows the present one; other sign-ins end unless they are to stay.

    Whoever has none chooses their first after a fresh sign-in. Raises CurrentPasswordWrong, SignInNotFresh, WeakPassword,
    TooMany, TooManySignIns.
    """
    with transaction(world.engine, user_id=caller.id) as db:
        kept = db.execute(select(User.email, User.password).where(User.id == caller.id, User.is_active)).one_or_none()
    if kept is None:
        raise NotFound
    proving.person(world, caller, current)
    password_hash = passwords.chosen(new, email=kept.email)
    with transaction(world.engine, user_id=caller.id) as db:
        changed = update(User).where(User.id == caller.id, User.password == kept.password).values(password=password_hash)
        if db.scalar(changed.returning(User.id)) is None:
            raise CurrentPasswordWrong  # another change came first
        if end_others:
            sign_ins.end_all(db, user_id=caller.id, but=caller.session_id)
        _tell(db, "password.changed", user_id=caller.id, address=address)


def _tell(db: Session, action: str, *, user_id: UUID, address: str) -> None:
    one_time.forget(db, user_id=user_id)
    audit.note(db, action, user_id=user_id, ip_address=address)
    mail.send(db, "password_changed", user_id=user_id, address=address)
