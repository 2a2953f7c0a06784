"""The guestbook's view of other services: auth, for keys and revocations."""

from services.guestbook.settings import Settings
from shared import trust
from shared.calls import Peer


def all_of(settings: Settings) -> dict[str, Peer]:
    """Every other service."""
    return trust.peers(settings)
