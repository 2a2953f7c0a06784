"""Making an account. Whether an address has one already is told by mail to its owner, and to nobody else.

A taken address is answered as a new one is, after the same work: the rows of an account are written under an address that
nobody has, and taken back. Usernames are public, so a taken one is told, and before the address is looked at any further.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.auth import asking, audit, passwords, users
from services.auth.asking import HOUR_SECONDS, Asked
from services.auth.errors import EmailTaken, UsernameTaken
from services.auth.guesses import network_of
from services.auth.models import NOWHERE, User, UserProfile
from services.auth.one_time import Purpose
from services.auth.schemas.accounts import NewUser
from services.auth.tasks import mail
from services.auth.users import USERNAME_INDEX, Account
from services.auth.world import World
from shared import clock, ids
from shared import db as database
from shared.db import transaction

ROLES = ["user"]
TRIED = "taken addresses tried from an address"
TRIES = 30  # an hour: more than the people behind one address mistype


@dataclass(frozen=True, slots=True)
class Joined:
    """What a registration is answered with; `is_new` is for whoever signs the newcomer in at once, and for nobody else."""

    account: Account
    is_new: bool


def register(world: World, new: NewUser) -> Joined:
    """Make an account, in a transaction of its own. Raises UsernameTaken, WeakPassword, TooMany, TooManySignIns."""
    password_hash = prepare(world, new)
    with transaction(world.engine) as db:
        return join(db, new, password_hash)


def register_openly(world: World, new: NewUser, *, address: str) -> Joined:
    """The same for an app that signs a newcomer in at once, so that a taken address has to be told. Who tries one after another
    is stopped, and then also where the address is free. Raises EmailTaken, and what `register` raises.
    """
    place = network_of(address)
    world.failures.hit(TRIED, at_most=TRIES, per_seconds=HOUR_SECONDS, who=place)
    joined = register(world, new)
    if not joined.is_new:
        raise EmailTaken
    world.failures.forgive(TRIED, at_most=TRIES, per_seconds=HOUR_SECONDS, who=place)
    return joined


def prepare(world: World, new: NewUser) -> str:
    """What comes before the transaction: the hash of the password. Raises WeakPassword, TooMany, TooManySignIns."""
    asking.count(world, Asked.REGISTRATION, email=new.email)
    return passwords.chosen(new.password, email=new.email)


def join(db: Session, new: NewUser, password_hash: str) -> Joined:
    """Make an account and have its address confirmed, or write to whoever has one with it. Raises UsernameTaken."""
    taken = users.taken(db, email=new.email, username=new.username)
    if taken.username:
        raise UsernameTaken
    user_id = ids.new()
    database.become(db, user_id)
    is_new = _write(db, new, password_hash, user_id=user_id, is_taken=taken.email)
    if is_new:
        mail.send(db, "confirm_email", user_id=user_id, link=Purpose.CONFIRM_EMAIL)
    else:
        mail.send_if_known(db, "address_taken", to=new.email)
    account = Account(id=user_id, email=new.email, username=new.username, roles=ROLES, zone=new.time_zone, is_confirmed=False)
    return Joined(account, is_new)


def _write(db: Session, new: NewUser, password_hash: str, *, user_id: UUID, is_taken: bool) -> bool:
    """Whether there is a new account. Where two ask for one address at once, the second finds it out here."""
    named = {"id": user_id, "username": new.username, "name": new.name or "", "created_at": clock.now()}
    email = f"{user_id}@taken{NOWHERE}" if is_taken else new.email
    try:
        with db.begin_nested() as savepoint:
            db.execute(insert(User).values(**named, email=email, password=password_hash, roles=ROLES, is_active=True))
            db.execute(insert(UserProfile).values(id=ids.new(), user_id=user_id, time_zone=new.time_zone))
            audit.note(db, "account.made", user_id=user_id)
            if is_taken:
                savepoint.rollback()
    except IntegrityError as reason:
        if USERNAME_INDEX in str(reason.orig):
            raise UsernameTaken from reason
        return False
    return not is_taken
