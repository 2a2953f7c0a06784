"""Proving once more that it is you, before anything that a stolen token must not be enough for; and how often one may guess.

Who has a password types it. Who has none, because another provider signs them in, has to have signed in within five minutes.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from services.auth import audit, passwords
from services.auth.errors import CurrentPasswordWrong, SignInNotFresh
from services.auth.models import User, UserSession
from services.auth.tasks import mail
from services.auth.world import World
from shared import clock
from shared.db import transaction
from shared.errors import TooMany, Unavailable
from shared.identity import Caller

FRESH_SECONDS = 300  # ASVS 7.5.1
PASSWORDS_AT_MOST, PASSWORDS_SECONDS = 10, 300
CODES = "wrong codes of an account"
CODES_AT_MOST, CODES_SECONDS = 10, 900  # of an account: a million codes, three good at once
CODES_OF_A_CHALLENGE = 5


def person(world: World, caller: Caller, current_password: str | None) -> None:
    """Make sure that it is the caller who asks. Raises CurrentPasswordWrong, SignInNotFresh, TooMany, TooManySignIns."""
    with transaction(world.engine, user_id=caller.id) as db:
        kept = db.scalar(select(User.password).where(User.id == caller.id, User.is_active))
        mine = select(UserSession.created_at).where(UserSession.id == caller.session_id, UserSession.user_id == caller.id)
        signed_in_at = db.scalar(mine)
    if not kept:
        if signed_in_at is None or clock.now() - signed_in_at > timedelta(seconds=FRESH_SECONDS):
            raise SignInNotFresh
        return
    with guess(world, "wrong current passwords", at_most=PASSWORDS_AT_MOST, per_seconds=PASSWORDS_SECONDS, who=caller.id):
        if not passwords.matches(current_password or "", kept):
            raise CurrentPasswordWrong


@contextmanager
def code(world: World, *, user_id: UUID) -> Iterator[None]:
    """A guess at a code of this user's second factor. Raises TooMany."""
    with guess(world, CODES, at_most=CODES_AT_MOST, per_seconds=CODES_SECONDS, who=user_id):
        yield


@contextmanager
def code_of_a_challenge(world: World, *, challenge: str, user_id: UUID, address: str) -> Iterator[None]:
    """The same for a sign-in that waits for its code. Its owner is told where there were too many. Raises TooMany."""
    try:
        world.failures.hit("wrong codes", at_most=CODES_OF_A_CHALLENGE, per_seconds=CODES_SECONDS, who=challenge)
        with code(world, user_id=user_id):
            yield
    except TooMany:
        _warn(world, user_id=user_id, address=address)
        raise


def _warn(world: World, *, user_id: UUID, address: str) -> None:
    """Once in as long as the codes are counted: whoever got as far as the codes knows the password, or reads the mail."""
    with suppress(TooMany):
        world.failures.hit("told of wrong codes", at_most=1, per_seconds=CODES_SECONDS, who=user_id)
        with transaction(world.engine, user_id=user_id) as db:
            audit.note(db, "second_factor.guessed", user_id=user_id, ip_address=address)
            mail.send(db, "codes_guessed", user_id=user_id, address=address)


@contextmanager
def guess(world: World, limit: str, *, at_most: int, per_seconds: int, who: UUID | str) -> Iterator[None]:
    """Something that may turn out wrong: counted before it is looked at, so that fifty at once are fifty, and taken back where
    it was right. Raises TooMany.
    """
    world.failures.hit(limit, at_most=at_most, per_seconds=per_seconds, who=who)
    try:
        yield
    except Unavailable:  # too busy to look: nothing was guessed
        world.failures.forgive(limit, at_most=at_most, per_seconds=per_seconds, who=who)
        raise
    world.failures.forgive(limit, at_most=at_most, per_seconds=per_seconds, who=who)
