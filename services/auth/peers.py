"""What auth asks of other services."""

from shared import trust
from shared.config import Settings


def all_of(settings: Settings) -> trust.Peers:
    """Every other service, by name: events go to whoever has to hear them."""
    return trust.peers(settings)
