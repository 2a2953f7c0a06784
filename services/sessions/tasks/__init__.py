"""The worker of sessions."""

from services.sessions import peers
from services.sessions.settings import Settings
from services.sessions.tasks import analysing, leaving, recovering, sweeping
from services.sessions.tasks.queue import Work, events, queue

__all__ = ["Work", "analysing", "events", "leaving", "queue", "recovering", "start", "sweeping"]


def start() -> Work:
    """The worker's world."""
    settings = Settings.load()
    return Work.of(settings, media=peers.media(settings))
