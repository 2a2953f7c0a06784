"""The queue of sessions, its events and what its jobs work with; each module beside this one holds the jobs of one noun."""

from dataclasses import dataclass

import shared.work
from services.sessions.peers import Media
from shared.events import Events
from shared.queue import Queue

__all__ = ["Work", "events", "queue"]

queue = Queue("sessions")
events = Events(queue)


@dataclass(frozen=True)
class Work(shared.work.Work):
    """What the jobs of sessions work with."""

    media: Media
