"""How often mails may be asked for: of each kind, a few an hour to one address, and a few an hour from one place.

What is counted is the address that was typed, whether or not there is an account with it, so a refusal tells nobody.
"""

from enum import StrEnum

from services.auth.guesses import network_of
from services.auth.world import World

HOUR_SECONDS = 3600


class Asked(StrEnum):
    """What makes Tutti write to somebody. Each is counted by itself, so that one never stands in another's way."""

    REGISTRATION = "registrations of an address"
    CONFIRMATION = "confirmations asked for"
    MAGIC_LINK = "sign-in links asked for"
    RESET = "new passwords asked for"
    CHANGE = "changes of address asked for"


def count(world: World, what: Asked, *, email: str, address: str = "") -> None:
    """Count one mail to `email`, asked for from the network address. Raises TooMany."""
    mine = world.settings
    if address:
        place = network_of(address)
        world.failures.hit("mails asked for", at_most=mine.mails_per_address_per_hour, per_seconds=HOUR_SECONDS, who=place)
    world.failures.hit(what, at_most=mine.mails_per_recipient_per_hour, per_seconds=HOUR_SECONDS, who=email)
