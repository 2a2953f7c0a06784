"""What the jobs of a worker have at hand: `queue.work`, made once by the service's `tasks.start()`."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Engine

from shared import db, trust
from shared.config import Settings


@dataclass(frozen=True)
class Work:
    """The world of a worker. A service whose jobs need more of it extends this."""

    settings: Any  # the service's own Settings
    engine: Engine
    peers: trust.Peers

    @classmethod
    def of(cls, settings: Settings, **more: Any) -> Self:
        """The world of a worker with these settings; `more` is what the service adds."""
        return cls(settings=settings, engine=db.engine_of(settings), peers=trust.peers(settings), **more)
