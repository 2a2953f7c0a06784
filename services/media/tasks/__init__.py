"""The worker of media."""

from services.media.settings import Settings
from services.media.store import Store
from services.media.tasks import (
    cataloguing,
    chunks,
    deleting,
    joining,
    leaving,
    pictures,
    processing,
    proving,
    rendering,
    sweeping,
)
from services.media.tasks.queue import Work, events, queue

__all__ = [
    "Work",
    "cataloguing",
    "chunks",
    "deleting",
    "events",
    "joining",
    "leaving",
    "pictures",
    "processing",
    "proving",
    "queue",
    "rendering",
    "start",
    "sweeping",
]


def start() -> Work:
    """The worker's world."""
    settings = Settings.load()
    spool = settings.data_dir / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    return Work.of(settings, store=Store(settings), spool=spool, cache=settings.cache_folder)
