"""The queue of media, its events and what its jobs work with; each module beside this one holds the jobs of one noun."""

from dataclasses import dataclass
from pathlib import Path

import shared.work
from services.media.store import Store
from shared.events import Events
from shared.queue import Queue

queue = Queue("media")
events = Events(queue)


@dataclass(frozen=True)
class Work(shared.work.Work):
    """What media's jobs work with."""

    store: Store
    spool: Path
    cache: Path  # of the web process on this machine
