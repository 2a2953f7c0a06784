"""What auth's acts need of the world outside, in one place."""

from dataclasses import dataclass

from sqlalchemy import Engine

from services.auth.foreign import Registry
from services.auth.keys import Signing
from services.auth.providers import Providers
from services.auth.settings import Settings
from shared import trust
from shared.limits import Limiter
from shared.sealing import Seals


@dataclass(frozen=True)
class World:
    """Made once, in `app.py`."""

    settings: Settings
    engine: Engine
    signing: Signing
    failures: Limiter  # in Postgres, so that all replicas count together
    peers: trust.Peers
    providers: Providers
    foreign: Registry

    @property
    def seals(self) -> Seals:
        """What secrets at rest are sealed with."""
        return Seals(self.settings.sealing_keys)
