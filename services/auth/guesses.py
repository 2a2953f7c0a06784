"""Guesses at passwords: how many an account, a place and an address have left, without strangers locking an owner out.

A guess is counted before the password is looked at, so that a hundred at once are a hundred, and taken back when it was right.
It counts for the address it comes from, for the account from that place, and, where nobody ever signed in to the account from
that place, for all strangers together. So whoever signs in from where they have signed in before is stopped by nobody else.
A place is kept as a keyed hash of its network, a device without its version numbers, so that an update makes no new device.
"""

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, text

from services.auth.settings import Settings
from shared import db as database
from shared import derive
from shared.errors import TooMany

FIND = text(
    "SELECT id, password, is_active, has_second_factor, refusing, retry_after_seconds, subjects "
    "FROM find_user_to_sign_in(:name, CAST(:places AS bytea[]), :address, :of_address, :of_account, :of_strangers, :seconds)"
)
FORGIVE = text("SELECT forgive_guess(CAST(:subjects AS text[]))")
NO_LIMIT = 2**31 - 1
HOUSEHOLD = {4: 32, 6: 64}  # bits of an address that one household or office has; beyond, IPv6 is its own to choose
DEVICE_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from: its address as it is shown, and what is kept of it under each key that is still held."""

    address: str
    digests: list[bytes]

    @property
    def digest(self) -> bytes:
        """What is written down; the others are only recognised."""
        return self.digests[-1]


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess that was counted, and what it has to match: the account, if there is one."""

    user_id: UUID | None
    password: str
    is_active: bool
    has_second_factor: bool
    subjects: list[str]  # of the counters it counted for


def place_of(address: str, settings: Settings) -> Place:
    """The place of an address."""
    keys = [settings.sealing_keys[key_id] for key_id in sorted(settings.sealing_keys, key=lambda each: (len(each), each))]
    network = network_of(address).encode()
    return Place(address, [hmac.digest(derive.derive(key, "places"), network, hashlib.sha256) for key in keys])


def device_of(user_agent: str) -> str:
    """What tells one device from another in how its browser names itself.

    >>> device_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
    'Mozilla/ (X; Linux x_; rv:) Firefox/'
    """
    return re.sub(r"[0-9.]+", "", user_agent)[:DEVICE_CHARACTERS]


def count(engine: Engine, settings: Settings, *, name: str, place: Place) -> Guess:
    """Find the account with this e-mail address or username and count a guess at it, in one round trip. Raises TooMany."""
    of_address, of_account, of_strangers = (
        (settings.sign_in_failures_per_address, settings.sign_in_failures_per_account, settings.strangers_failures_per_hour)
        if settings.rate_limits
        else (NO_LIMIT,) * 3
    )
    row = database.look_up(
        engine,
        FIND,
        name=name,
        places=place.digests,
        address=network_of(place.address),
        of_address=of_address,
        of_account=of_account,
        of_strangers=of_strangers,
        seconds=settings.sign_in_window_seconds,
    )
    assert row is not None
    if row.refusing:
        raise TooMany(limit=row.refusing, retry_after_seconds=max(1, row.retry_after_seconds))
    return Guess(row.id, row.password or "", bool(row.is_active), bool(row.has_second_factor), row.subjects)


def forgive(engine: Engine, guess: Guess) -> None:
    """Take a guess back that never was one. A right password does so where the sign-in begins."""
    database.look_up(engine, FORGIVE, subjects=guess.subjects)


def network_of(address: str) -> str:
    """The network that an address stands for: itself, or of IPv6 what one household has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, HOUSEHOLD[parsed.version]), strict=False))
