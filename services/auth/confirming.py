"""Confirming the address of an account. Until then nothing is linked to it, and it belongs to whoever reads its mail."""

from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from services.auth import asking, audit, one_time, players, sign_ins
from services.auth.asking import Asked
from services.auth.errors import OneTimeTokenInvalid
from services.auth.models import ForeignToken, Identity, RecoveryCode, SecondFactor, User
from services.auth.one_time import Purpose, Redeemed
from services.auth.tasks import mail
from services.auth.world import World
from shared import clock
from shared import db as database
from shared.db import transaction

WAYS_IN = (SecondFactor, RecoveryCode, ForeignToken, Identity)


def confirm(world: World, secret: str) -> UUID:
    """Confirm an address with the secret of a mail's link, once; whose it is. Raises OneTimeTokenInvalid."""
    with transaction(world.engine) as db:
        redeemed = one_time.redeem(db, Purpose.CONFIRM_EMAIL, secret)
        user_id = go_on_as(db, redeemed)
        confirmed = (
            update(User)
            .where(User.id == user_id, User.is_active, User.email == redeemed.facts["email"])
            .values(email_confirmed_at=clock.now())
            .returning(User.id)
        )
        if db.scalar(confirmed) is None:
            raise OneTimeTokenInvalid
        one_time.forget(db, user_id=user_id, purposes=(Purpose.CONFIRM_EMAIL,))
        audit.note(db, "email.confirmed", user_id=user_id)
    return user_id


def resend(world: World, email: str, *, address: str) -> None:
    """Have the mail sent again, where there is an account whose address is not confirmed yet. Raises TooMany."""
    asking.count(world, Asked.CONFIRMATION, email=email, address=address)
    with transaction(world.engine) as db:
        mail.send_if_known(db, "confirm_email", to=email, link=Purpose.CONFIRM_EMAIL)


def go_on_as(db: Session, redeemed: Redeemed) -> UUID:
    """Go on as the user of a secret. Raises OneTimeTokenInvalid where it is nobody's."""
    if redeemed.user_id is None:
        raise OneTimeTokenInvalid
    database.become(db, redeemed.user_id)
    return redeemed.user_id


def reads_the_mail(db: Session, *, user_id: UUID, email: str) -> None:
    """Whoever goes on now has read a mail to this address. Raises OneTimeTokenInvalid where it is the account's no longer.

    Nobody had shown that before: then whoever made the account may be a stranger who typed the address, so the password and
    every other way in that was set up until now ends here (pre-hijacking).
    """
    now = clock.now()
    mine = (User.id == user_id, User.is_active, User.email == email)
    first = update(User).where(*mine, User.email_confirmed_at.is_(None)).values(email_confirmed_at=now, password="")
    if db.scalar(first.returning(User.id)) is not None:
        sign_ins.end_all(db, user_id=user_id)
        players.remove_all(db, user_id=user_id)
        for way in WAYS_IN:
            db.execute(delete(way).where(way.user_id == user_id))
        one_time.forget(db, user_id=user_id)
        audit.note(db, "email.confirmed", user_id=user_id, ways_in="ended")
    elif db.scalar(update(User).where(*mine).values(email_confirmed_at=User.email_confirmed_at).returning(User.id)) is None:
        raise OneTimeTokenInvalid
