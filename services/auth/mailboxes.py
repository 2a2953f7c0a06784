"""Changing the address of an account: both the old and the new one have to confirm it, in every configuration."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.auth import asking, audit, confirming, one_time, proving, users
from services.auth.asking import Asked
from services.auth.errors import EmailTaken, OneTimeTokenInvalid
from services.auth.models import EmailChange, User, receives_no_mail
from services.auth.one_time import Purpose
from services.auth.tasks import mail
from services.auth.world import World
from shared import clock
from shared.db import transaction
from shared.identity import Caller

TIME_TO_CONFIRM = timedelta(days=1)
SIDES = {Purpose.CHANGE_EMAIL_OLD: "old_confirmed_at", Purpose.CHANGE_EMAIL_NEW: "new_confirmed_at"}


def request_change(world: World, caller: Caller, new_email: str, password: str | None, *, address: str = "") -> None:
    """Begin a change of address; a change begun before is forgotten. Whether the new address has an account is told to its
    owner alone. Raises CurrentPasswordWrong, SignInNotFresh, TooMany, TooManySignIns.
    """
    proving.person(world, caller, password)
    asking.count(world, Asked.CHANGE, email=new_email, address=address)
    expires_at = clock.now() + TIME_TO_CONFIRM
    # An address that stands in for none has nobody to ask (identities.py).
    has_old = not receives_no_mail(_address(world, caller.id))
    asked_at = None if has_old else clock.now()
    wanted = {"new_email": new_email, "old_confirmed_at": asked_at, "new_confirmed_at": None, "expires_at": expires_at}
    with transaction(world.engine, user_id=caller.id) as db:
        is_taken = users.taken(db, email=new_email).email
        begin = insert(EmailChange).values(user_id=caller.id, **wanted)
        db.execute(begin.on_conflict_do_update(index_elements=["user_id"], set_=wanted))
        one_time.forget(db, user_id=caller.id, purposes=tuple(SIDES))
        if has_old:
            mail.send(db, "change_email_old", user_id=caller.id, link=Purpose.CHANGE_EMAIL_OLD, new_email=new_email)
        if is_taken:
            mail.send_if_known(db, "address_taken", to=new_email)
        else:
            link = Purpose.CHANGE_EMAIL_NEW
            mail.send(db, "change_email_new", user_id=caller.id, to=new_email, link=link, new_email=new_email)
        audit.note(db, "email.change_asked", user_id=caller.id, ip_address=address)


def confirm_change(world: World, secret: str) -> bool:
    """Confirm a change from one side; whether it is done, which it is once both have.

    Raises OneTimeTokenInvalid, EmailTaken.
    """
    with transaction(world.engine) as db:
        side, new_email, user_id = _redeem(db, secret)
        here = (EmailChange.user_id == user_id, EmailChange.new_email == new_email, EmailChange.expires_at > clock.now())
        change = db.scalar(update(EmailChange).where(*here).values({SIDES[side]: clock.now()}).returning(EmailChange))
        if change is None:
            raise OneTimeTokenInvalid
        is_done = bool(change.old_confirmed_at and change.new_confirmed_at)
        if is_done:
            _finish(db, user_id, new_email)
        return is_done


def _address(world: World, user_id: UUID) -> str:
    with transaction(world.engine, user_id=user_id) as db:
        return db.scalar(select(User.email).where(User.id == user_id)) or ""


def _redeem(db: Session, secret: str) -> tuple[Purpose, str, UUID]:
    for side in SIDES:
        try:
            redeemed = one_time.redeem(db, side, secret)
        except OneTimeTokenInvalid:
            continue
        return side, str(redeemed.facts["new_email"]), confirming.go_on_as(db, redeemed)
    raise OneTimeTokenInvalid


def _finish(db: Session, user_id: UUID, new_email: str) -> None:
    old_email = db.scalar(select(User.email).where(User.id == user_id))
    db.execute(delete(EmailChange).where(EmailChange.user_id == user_id))
    try:
        db.execute(update(User).where(User.id == user_id).values(email=new_email, email_confirmed_at=clock.now()))
    except IntegrityError as reason:
        raise EmailTaken from reason
    one_time.forget(db, user_id=user_id)
    audit.note(db, "email.changed", user_id=user_id)
    for to in (old_email or "", new_email):
        mail.send(db, "email_changed", user_id=user_id, to=to, new_email=new_email)
