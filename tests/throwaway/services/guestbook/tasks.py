"""The guestbook's background work: counting."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guestbook import peers
from services.guestbook.models import Tally
from services.guestbook.settings import Settings
from shared import db as database
from shared import trust
from shared.events import Events
from shared.queue import Queue

queue = Queue("guestbook")
events = Events(queue)


@dataclass(frozen=True)
class Work:
    """What a job has at hand."""

    settings: Settings
    engine: Engine
    peers: trust.Peers


def start() -> Work:
    """The worker's world."""
    settings = Settings.load()
    engine = database.make_engine(settings.service_database_url.get_secret_value(), application_name="guestbook-worker")
    return Work(settings, engine, peers.all_of(settings))


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
