"""The guestbook's background work: counting."""

import time
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guestbook.models import Tally
from services.guestbook.settings import Settings
from shared import db as database
from shared.events import Events
from shared.queue import Queue
from shared.work import Work

queue = Queue("guestbook")
events = Events(queue)


def start() -> Work:
    """The worker's world."""
    return Work.of(Settings.load())


@queue.task()
def count(work: Work, *, words: str, seconds: float = 0) -> None:
    """Count `words` once more, after taking some time over it."""
    time.sleep(seconds)
    with database.transaction(work.engine) as db:
        add(db, words)


@queue.on("guest.arrived")
def on_arrival(_work: Work, db: Session, facts: dict[str, Any]) -> None:
    """Count an event."""
    add(db, facts["words"])


def add(db: Session, words: str) -> None:
    """One more of `words`."""
    one = insert(Tally).values(words=words, count=1)
    db.execute(one.on_conflict_do_update(index_elements=["words"], set_={"count": Tally.count + 1}))
