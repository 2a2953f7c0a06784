"""The queue of auth and its events; each module beside this one holds the jobs of one noun."""

from shared.events import Events
from shared.queue import Queue

queue = Queue("auth")
events = Events(queue)
