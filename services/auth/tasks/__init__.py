"""The worker of auth. It makes the first signing key when it starts."""

from services.auth import keys
from services.auth.settings import Settings
from services.auth.tasks.exporting import gather
from services.auth.tasks.leaving import leave, remind, see_off
from services.auth.tasks.mail import send_mail
from services.auth.tasks.queue import events, queue
from services.auth.tasks.upkeep import forget_what_expired, move_keys
from shared.db import transaction
from shared.sealing import Seals
from shared.work import Work

__all__ = [
    "events",
    "forget_what_expired",
    "gather",
    "leave",
    "move_keys",
    "queue",
    "remind",
    "see_off",
    "send_mail",
    "start",
]


def start() -> Work:
    """The worker's world."""
    begun = Work.of(Settings.load())
    with transaction(begun.engine) as db:
        keys.make_first(db, Seals(begun.settings.sealing_keys))
    return begun
