"""The queue of sessions, its events and what its jobs work with; each module beside this one holds the jobs of one noun."""

from shared.events import Events
from shared.queue import Queue
from shared.work import Work

__all__ = ["Work", "events", "queue"]

queue = Queue("sessions")
events = Events(queue)
