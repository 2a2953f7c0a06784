"""What media's endpoints need of the world outside, made once at start; `app.state.media`."""

from dataclasses import dataclass
from pathlib import Path

from services.media.cache import Cache
from services.media.playable import Playables
from services.media.settings import Settings
from services.media.store import Store


@dataclass(frozen=True)
class World:
    """The object store and what stands around it."""

    settings: Settings
    store: Store
    cache: Cache
    playables: Playables
    spool: Path  # where bodies wait until they are stored
