"""Passwords: argon2id hashes, two at a time, and which passwords are too weak.

The cost is OWASP's least (19 MiB, two passes): 31 ms where it was measured. Two at once keep two cores busy and bound the
memory; who finds too many waiting is told to come back, so that other routes of this process keep their threads.

A sign-in has its turn: three at once, so that one asks the database while two hash. Its guess is counted in its turn and taken
back there when it was right, so that any number of right sign-ins at once count for three wrong ones at most.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.auth import foreign_hashes
from services.auth.argon2_memory import Buffers
from services.auth.errors import TooManySignIns, WeakPassword

SHORTEST, LONGEST = 8, 128  # characters (ASVS 6.2.1, 6.2.9)
AT_ONCE = 2
TURNS = 3
WAITING = 12  # of the 16 threads that serve; two are left for everything else
WAIT_SECONDS = 5
SHORTEST_TELLING = 4  # characters of an address's local part that make a password guessable

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_buffers = Buffers(AT_ONCE, _hasher.memory_cost)
_hashing = BoundedSemaphore(AT_ONCE)
_turns = BoundedSemaphore(TURNS)
_places = BoundedSemaphore(AT_ONCE + WAITING)
_common = frozenset((Path(__file__).parent / "common_passwords.txt").read_text().split("\n"))
# Verified where there is no user, so that it takes as long as where there is one. Its sum was made up, not computed.
NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$dHV0dGktbm9ib2R5LTAwMA$kGbYq3y9aRZ0lJ9kcvS3sI0cJ1m9nS7fQ2t4bX8uP0Y"


def chosen(password: str, *, email: str) -> str:
    """The hash of a password that somebody has just chosen. Raises WeakPassword, TooManySignIns."""
    refuse_weak(password, email=email)
    return hashed(password)


def hashed(password: str) -> str:
    """The hash to keep. Raises TooManySignIns."""
    with _one_of(_places), _one_of(_hashing, WAIT_SECONDS):
        return _hasher.hash(password)


def matches(password: str, kept: str) -> bool:
    """Whether `kept` is the hash of `password`; an empty one is of none, and takes as long. Raises TooManySignIns."""
    with _one_of(_places):
        return matches_in_turn(password, kept)


@contextmanager
def turn() -> Iterator[None]:
    """A sign-in's turn, for `matches_in_turn` and `hashed_in_turn`. Raises TooManySignIns."""
    with _one_of(_places), _one_of(_turns, WAIT_SECONDS):
        yield


def matches_in_turn(password: str, kept: str) -> bool:
    """The same as `matches`, for whoever has a turn."""
    with _one_of(_hashing, WAIT_SECONDS):
        if foreign_hashes.is_foreign(kept):
            return foreign_hashes.matches(password, kept)
        try:
            return _verified(password, kept or NOBODYS_HASH) and bool(kept)
        except (VerificationError, InvalidHashError, ValueError):
            return False


def _verified(password: str, kept: str) -> bool:
    return _buffers.matches(password, kept) if _buffers.fits(kept) else _hasher.verify(kept, password)


def hashed_in_turn(password: str) -> str:
    """The same as `hashed`, for whoever has a turn."""
    with _one_of(_hashing, WAIT_SECONDS):
        return _hasher.hash(password)


def is_outdated(kept: str) -> bool:
    """Whether a hash was made at another cost than today's or elsewhere: it is made anew while the password is at hand."""
    return foreign_hashes.is_foreign(kept) or _hasher.check_needs_rehash(kept)


def refuse_weak(password: str, *, email: str) -> None:
    """Raises WeakPassword for one of the most common, and for one around the person's own address. Length is the schema's."""
    plain = password.lower()
    local = email.partition("@")[0].lower()
    if plain in _common:
        raise WeakPassword(errors=[{"field": "password", "message": "This password is among the most common ones."}])
    if len(local) >= SHORTEST_TELLING and local in plain:
        raise WeakPassword(errors=[{"field": "password", "message": "This password holds your e-mail address."}])


@contextmanager
def _one_of(places: BoundedSemaphore, wait_seconds: float = 0) -> Iterator[None]:
    if not places.acquire(timeout=wait_seconds):
        raise TooManySignIns
    try:
        yield
    finally:
        places.release()
