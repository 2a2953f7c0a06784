"""Identities: who somebody is with another provider, by issuer and subject, and which account that opens.

An address decides only at first sight, and only where both sides are sure of it: the provider says that it is verified, and
the account with it has confirmed it itself. Everything else would let whoever registers an address first have its owner's
data (pre-hijacking), or whoever claims it elsewhere. An address that is not verified is therefore never put on an account
either: the account gets one that receives no mail, until its owner changes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.auth import audit, revocations
from services.auth.arrivals import Arrival
from services.auth.errors import AccountDisabled, AccountExists, EmailUnconfirmed, IdentityTaken, LastWayIn
from services.auth.models import NOWHERE, Identity, User, UserProfile, receives_no_mail
from services.auth.schemas.fields import Email
from services.auth.tasks import mail
from services.auth.world import World
from shared import clock, ids
from shared import db as database
from shared.db import transaction
from shared.errors import NotFound

FIND = text("SELECT id, user_id, is_active FROM find_identity(:issuer, :subject)")
FIND_ADDRESS = text("SELECT id, is_active, is_confirmed FROM find_account_of_address(:address)")
NOTED_EVERY = timedelta(hours=1)  # so that being asked on every request writes no row each time
EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True, slots=True)
class Known:
    """An identity that belongs to an account."""

    id: UUID
    user_id: UUID
    is_active: bool


def find(engine: Engine, issuer: str, subject: str) -> Known | None:
    """The identity that is exactly this issuer's and subject's, if it has been seen before."""
    row = database.look_up(engine, FIND, issuer=issuer, subject=subject)
    return Known(row.id, row.user_id, row.is_active) if row else None


def arrive(world: World, who: Arrival, *, address: str = "") -> UUID:
    """The account of somebody who comes from elsewhere, made or linked at first sight. `address` is the client's.

    Raises AccountExists, AccountDisabled.
    """
    try:
        return _arrive(world, who, address)
    except IntegrityError:  # the first sight of the same person, twice at the same moment
        return _arrive(world, who, address)


def connect(db: Session, who: Arrival, *, user_id: UUID, address: str = "") -> None:
    """Let an identity open this account, too, and tell its owner. Connecting it again changes nothing.

    Raises IdentityTaken, and EmailUnconfirmed where the account is under an address that nobody has proved to own: its
    owner would find a stranger's identity on it.
    """
    known = _find(db, who)
    if known and known.user_id != user_id:
        raise IdentityTaken
    email, confirmed_at = db.execute(select(User.email, User.email_confirmed_at).where(User.id == user_id)).one()
    if confirmed_at is None and not receives_no_mail(email):
        raise EmailUnconfirmed
    if known is None:
        try:
            _link(db, who, user_id=user_id, address=address)
        except IntegrityError as reason:  # somebody was first at the same moment
            raise IdentityTaken from reason


def disconnect(db: Session, *, identity_id: UUID, user_id: UUID, address: str = "") -> None:
    """Make an identity open the account no longer. Raises NotFound, LastWayIn."""
    # The account is held, so that of two identities disconnected at once one is still the last.
    password = db.scalar(select(User.password).where(User.id == user_id).with_for_update())
    mine = list(db.scalars(select(Identity.id).where(Identity.user_id == user_id)))
    if identity_id not in mine:
        raise NotFound
    if not password and len(mine) == 1:
        raise LastWayIn
    db.execute(delete(Identity).where(Identity.id == identity_id, Identity.user_id == user_id))
    revocations.revoke(db, user_id=user_id, session_id=identity_id)  # the bearers of that issuer
    audit.note(db, "identity.disconnected", user_id=user_id, ip_address=address, identity_id=str(identity_id))


def of(db: Session, *, user_id: UUID) -> Iterable[dict[str, Any]]:
    """The identities of this account, oldest first, as rows by column name."""
    told = (Identity.id, Identity.provider, Identity.issuer, Identity.email, Identity.created_at, Identity.last_used_at)
    rows = db.execute(select(*told).where(Identity.user_id == user_id).order_by(Identity.created_at, Identity.id))
    return [dict(row) for row in rows.mappings()]


def _arrive(world: World, who: Arrival, address: str) -> UUID:
    with transaction(world.engine) as db:
        known = _find(db, who)
        if known:
            return _welcome_back(db, known)
        email = _address(who)
        # Where nobody may learn which addresses have accounts, a claim that is not proved learns nothing either.
        is_told = who.is_email_verified or not world.settings.email_confirmation_required
        there = db.execute(FIND_ADDRESS, {"address": email}).one_or_none() if email and is_told else None
        if there is None:
            user_id = _make(db, who, email if who.is_email_verified else "")
        elif not (who.is_email_verified and there.is_confirmed):
            raise AccountExists
        elif not there.is_active:
            raise AccountDisabled
        else:
            user_id = there.id
            database.become(db, user_id)
        _link(db, who, user_id=user_id, address=address, is_new=there is None)
        return user_id


def _find(db: Session, who: Arrival) -> Known | None:
    row = db.execute(FIND, {"issuer": who.issuer, "subject": who.subject}).one_or_none()
    return Known(row.id, row.user_id, row.is_active) if row else None


def _welcome_back(db: Session, known: Known) -> UUID:
    if not known.is_active:
        raise AccountDisabled
    database.become(db, known.user_id)
    mine = (Identity.id == known.id) & (Identity.user_id == known.user_id)
    db.execute(update(Identity).where(mine, Identity.last_used_at < func.now() - NOTED_EVERY).values(last_used_at=clock.now()))
    return known.user_id


def _link(db: Session, who: Arrival, *, user_id: UUID, address: str, is_new: bool = False) -> None:
    db.add(
        Identity(
            id=ids.new(),
            user_id=user_id,
            issuer=who.issuer,
            subject=who.subject,
            provider=who.provider,
            email=_address(who),
            is_email_verified=who.is_email_verified,
        )
    )
    db.flush()
    audit.note(db, "identity.connected", user_id=user_id, ip_address=address, provider=who.provider, is_new_account=is_new)
    if not is_new:
        mail.send(db, "identity_connected", user_id=user_id, provider=who.provider.capitalize())


def _make(db: Session, who: Arrival, email: str) -> UUID:
    """An account without a password, and the transaction goes on as its user."""
    user_id = ids.new()
    database.become(db, user_id)
    db.add(
        User(
            id=user_id,
            email=email or f"{user_id}@{who.provider}{NOWHERE}",
            name=_line(who.name),
            password="",
            roles=["user"],
            auth_provider=who.provider,
            email_confirmed_at=clock.now() if email else None,
        )
    )
    db.flush()
    # A picture's address is left where it is: avatars of Tutti are files of its own.
    db.add(UserProfile(id=ids.new(), user_id=user_id))
    db.flush()
    return user_id


def _address(who: Arrival) -> str:
    """The address as addresses are kept here, or empty where it is none."""
    try:
        return EMAIL.validate_python(who.email)
    except ValidationError:
        return ""


def _line(name: str) -> str:
    """A name without control characters, as long as the column is wide."""
    return " ".join("".join(each if each.isprintable() else " " for each in name).split())[:255]
