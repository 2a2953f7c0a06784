"""Getting in, staying in, leaving. No transaction is open while a password is hashed, so each act has its own, one or two."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from services.auth import guesses, one_time, passwords, proving, revocations, second_factors, sign_ins, tokens, users
from services.auth.errors import (
    EmailUnconfirmed,
    InvalidCredentials,
    OneTimeTokenInvalid,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SecondFactorNeeded,
    TooManySignIns,
)
from services.auth.guesses import Guess
from services.auth.keys import Signer
from services.auth.models import UserSession, receives_no_mail
from services.auth.one_time import MINUTE, Purpose
from services.auth.sign_ins import Proof
from services.auth.tokens import Grant
from services.auth.users import Account
from services.auth.world import World
from shared.db import transaction
from shared.errors import NotFound

CHALLENGE_SECONDS = 5 * MINUTE  # to find the device that shows the code


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody who is signed in, and the two tokens that say so."""

    user: Account
    access_token: str
    refresh_token: str
    expires_in: int


def sign_in(world: World, *, name: str, password: str, address: str, device: str) -> Admission:
    """Sign in by e-mail address or username. A wrong name and a wrong password take as long and are told apart by nobody.

    Raises InvalidCredentials, EmailUnconfirmed, SecondFactorNeeded, TooMany, TooManySignIns.
    """
    place = guesses.place_of(address, world.settings)
    signer = world.signing.active()
    with passwords.turn():
        guess = guesses.count(world.engine, world.settings, name=name, place=place)
        user_id, proof = _proven(world, guess, password)
        if guess.has_second_factor:
            guesses.forgive(world.engine, guess)
            raise _challenge(world, user_id)
        with transaction(world.engine, user_id=user_id) as db:
            begun = sign_ins.begin(db, user_id=user_id, settings=world.settings, place=place, device=device, proof=proof)
            _refuse_unconfirmed(world, begun.account)
    return _admit(world, begun.account, begun.sign_in, signer)


def _proven(world: World, guess: Guess, password: str) -> tuple[UUID, Proof]:
    """Whose password it is. Raises InvalidCredentials; TooManySignIns where nothing was guessed."""
    kept = guess.password if guess.is_active else ""
    try:
        if not passwords.matches_in_turn(password, kept) or guess.user_id is None:
            raise InvalidCredentials
        new_hash = passwords.hashed_in_turn(password) if passwords.is_outdated(kept) else None
    except TooManySignIns:
        guesses.forgive(world.engine, guess)
        raise
    return guess.user_id, Proof(looked_at=kept, new_hash=new_hash, counters=guess.subjects)


def admit(world: World, *, user_id: UUID, address: str, device: str) -> Admission:
    """Sign somebody in who has proved in another way than by a password who they are: a link in a mail, another provider.

    Raises InvalidCredentials where the account is disabled or gone, EmailUnconfirmed, SecondFactorNeeded.
    """
    place = guesses.place_of(address, world.settings)
    signer = world.signing.active()
    with transaction(world.engine, user_id=user_id) as db:
        needs_code = second_factors.is_on(db, user_id=user_id)
    if needs_code:
        raise _challenge(world, user_id)
    with transaction(world.engine, user_id=user_id) as db:
        begun = sign_ins.begin(db, user_id=user_id, settings=world.settings, place=place, device=device)
        _refuse_unconfirmed(world, begun.account)
    return _admit(world, begun.account, begun.sign_in, signer)


def pass_second_factor(world: World, *, challenge: str, code: str, address: str, device: str) -> Admission:
    """Finish a sign-in that waits for a code. Only success uses the challenge up.

    Raises OneTimeTokenInvalid, CodeWrong, TooMany, EmailUnconfirmed; InvalidCredentials where the account was disabled.
    """
    place = guesses.place_of(address, world.settings)
    signer = world.signing.active()
    with transaction(world.engine) as db:
        user_id = one_time.find(db, Purpose.SECOND_FACTOR, challenge).user_id
    if user_id is None:
        raise OneTimeTokenInvalid
    with proving.code_of_a_challenge(world, challenge=challenge, user_id=user_id, address=address):
        with transaction(world.engine, user_id=user_id) as db:
            second_factors.use(db, world.seals, code, user_id=user_id)
            one_time.redeem(db, Purpose.SECOND_FACTOR, challenge)
            begun = sign_ins.begin(db, user_id=user_id, settings=world.settings, place=place, device=device)
            _refuse_unconfirmed(world, begun.account)
    return _admit(world, begun.account, begun.sign_in, signer)


def refresh(world: World, token: str) -> Admission:
    """Fresh tokens for a refresh token. Raises RefreshTokenInvalid, RefreshTokenReused."""
    signer = world.signing.active()
    with transaction(world.engine) as db:
        renewed = sign_ins.renew(db, token, settings=world.settings)
        if not isinstance(renewed, RefreshTokenReused):
            account = _active(db, renewed.user_id)
            # Marks are whole seconds: a token of the very second in which all others were revoked is dated after it.
            after = revocations.newest(db, user_id=renewed.user_id)
            return _admit(world, account, renewed, signer, issued_after=after)
    raise renewed


def _challenge(world: World, user_id: UUID) -> SecondFactorNeeded:
    """What a sign-in is answered with that has to show a code: the challenge says that all else was right."""
    with transaction(world.engine) as db:
        return SecondFactorNeeded(
            challenge=one_time.issue(db, Purpose.SECOND_FACTOR, user_id=user_id, seconds=CHALLENGE_SECONDS)
        )


def _refuse_unconfirmed(world: World, account: Account) -> None:
    """Asked once the password was right, so that it tells nothing to anybody else."""
    required = world.settings.email_confirmation_required
    if required and not account.is_confirmed and not receives_no_mail(account.email):
        raise EmailUnconfirmed


def _active(db: Session, user_id: UUID) -> Account:
    try:
        return users.get(db, user_id=user_id, held=True)
    except NotFound as reason:
        raise RefreshTokenInvalid from reason


def _admit(world: World, account: Account, sign_in: UserSession, signer: Signer, *, issued_after: int = 0) -> Admission:
    grant = Grant(
        user_id=account.id,
        session_id=sign_in.id,
        generation=sign_in.generation,
        roles=tuple(account.roles),
        zone=account.zone,
        signer=signer,
        issued_after=issued_after,
    )
    return Admission(
        user=account,
        access_token=tokens.access_token(grant),
        refresh_token=sign_ins.refresh_token(sign_in, settings=world.settings),
        expires_in=world.settings.access_token_seconds,
    )
