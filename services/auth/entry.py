"""Getting in, staying in, leaving. No transaction is open while a password is hashed, so each act has its own, one or two."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from services.auth import passwords, sign_ins, tokens, users
from services.auth.errors import InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused, TooManySignIns
from services.auth.keys import Signer
from services.auth.models import UserSession
from services.auth.tokens import Grant
from services.auth.users import Account
from services.auth.world import World
from shared.db import transaction
from shared.errors import NotFound, TooMany

ACCOUNT, ADDRESS = "failed sign-ins of an account", "failed sign-ins from an address"


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody who is signed in, and the two tokens that say so."""

    user: Account
    access_token: str
    refresh_token: str
    expires_in: int


def sign_in(world: World, *, name: str, password: str, address: str, device: str) -> Admission:
    """Sign in by e-mail address or username. A wrong name and a wrong password take as long and are told apart by nobody.

    Raises InvalidCredentials, TooMany, TooManySignIns.
    """
    found = users.find(world.engine, name)
    _count_failure(world, account=found.id if found else name.lower(), address=address)
    kept = found.password if found and found.is_active else ""
    try:
        is_right = passwords.matches(password, kept)
    except TooManySignIns:
        _forgive(world, account=found.id if found else name.lower(), address=address)  # nothing was guessed
        raise
    if not is_right or found is None:
        raise InvalidCredentials
    _forgive(world, account=found.id, address=address)
    signer = world.signing.active()
    new_hash = passwords.hashed(password) if passwords.is_outdated(kept) else None
    with transaction(world.engine, user_id=found.id) as db:
        account = users.signed_in(db, user_id=found.id, new_hash=new_hash)
        started = sign_ins.begin(db, user_id=found.id, settings=world.settings, device=device, ip_address=address)
    return _admit(world, account, started, signer)


def admit(world: World, *, user_id: UUID, address: str, device: str) -> Admission:
    """Sign somebody in who has proved in another way than by a password who they are: a link in a mail, another provider.

    Raises InvalidCredentials where the account is disabled or gone.
    """
    signer = world.signing.active()
    with transaction(world.engine, user_id=user_id) as db:
        try:
            account = users.signed_in(db, user_id=user_id, new_hash=None)
        except NotFound as reason:
            raise InvalidCredentials from reason
        started = sign_ins.begin(db, user_id=user_id, settings=world.settings, device=device, ip_address=address)
    return _admit(world, account, started, signer)


def refresh(world: World, token: str) -> Admission:
    """Fresh tokens for a refresh token. Raises RefreshTokenInvalid, RefreshTokenReused."""
    signer = world.signing.active()
    with transaction(world.engine) as db:
        renewed = sign_ins.renew(db, token, settings=world.settings)
        if not isinstance(renewed, RefreshTokenReused):
            return _admit(world, _active(db, renewed.user_id), renewed, signer)
    raise renewed


def _active(db: Session, user_id: UUID) -> Account:
    try:
        return users.get(db, user_id=user_id)
    except NotFound as reason:
        raise RefreshTokenInvalid from reason


def _admit(world: World, account: Account, sign_in: UserSession, signer: Signer) -> Admission:
    grant = Grant(
        user_id=account.id,
        session_id=sign_in.id,
        generation=sign_in.generation,
        roles=tuple(account.roles),
        zone=account.zone,
        signer=signer,
    )
    return Admission(
        user=account,
        access_token=tokens.access_token(grant),
        refresh_token=sign_ins.refresh_token(sign_in, settings=world.settings),
        expires_in=world.settings.access_token_seconds,
    )


def _count_failure(world: World, *, account: UUID | str, address: str) -> None:
    """Counted before the password is looked at, so that a hundred guesses at once are a hundred; taken back if it was right."""
    mine = world.settings
    window = mine.sign_in_window_seconds
    world.failures.hit(ADDRESS, at_most=mine.sign_in_failures_per_address, per_seconds=window, who=address)
    try:
        world.failures.hit(ACCOUNT, at_most=mine.sign_in_failures_per_account, per_seconds=window, who=account)
    except TooMany:
        world.failures.forgive(ADDRESS, at_most=mine.sign_in_failures_per_address, per_seconds=window, who=address)
        raise


def _forgive(world: World, *, account: UUID | str, address: str) -> None:
    mine = world.settings
    window = mine.sign_in_window_seconds
    world.failures.forgive(ADDRESS, at_most=mine.sign_in_failures_per_address, per_seconds=window, who=address)
    world.failures.forgive(ACCOUNT, at_most=mine.sign_in_failures_per_account, per_seconds=window, who=account)
