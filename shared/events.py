"""Events between services: said in the publisher's transaction, delivered by its worker until taken, applied once.

The publisher's worker POSTs to the subscriber's `/internal/events`, which enqueues; the subscriber's worker writes the
inbox row and runs the handler in one transaction. Both halves may be repeated at will. No order is promised.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared import db as database
from shared import ids
from shared.calls import Peer
from shared.queue import FOR_EVER, Queue, Task
from shared.schemas import In
from shared.tables import InboxEvent


class NewEvent(In):
    """An event from another service."""

    event_id: UUID
    kind: str
    facts: dict[str, Any]


class Events:
    """The events of one service; made beside its queue: `events = Events(queue)`.

    Its worker's `work` has `engine: Engine` and `peers: dict[str, Peer]`.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._deliver: Task[Any] = queue.task(attempts=FOR_EVER)(deliver_event)
        self._take: Task[Any] = queue.task(attempts=FOR_EVER)(self._take_event_job())

    def publish(self, db: Session, kind: str, *, to: tuple[str, ...], **facts: Any) -> None:
        """Tell the services in `to`, once this transaction commits."""
        event_id = str(ids.new())
        for peer in to:
            self._deliver.enqueue_with(db, peer=peer, event_id=event_id, kind=kind, facts=facts)

    def received(self, db: Session, *, event_id: UUID, kind: str, facts: dict[str, Any]) -> None:
        """Keep an event that a peer has delivered; the worker applies it."""
        self._take.enqueue_with(db, event_id=str(event_id), kind=kind, facts=facts)

    def _take_event_job(self) -> Any:
        queue = self._queue

        def take_event(work: Any, *, event_id: str, kind: str, facts: dict[str, Any]) -> None:
            take(work, work.engine, queue, event_id=UUID(event_id), kind=kind, facts=facts)

        return take_event


def deliver_event(work: Any, *, peer: str, event_id: str, kind: str, facts: dict[str, Any]) -> None:
    """Hand one event to one peer. Raises PeerUnavailable until it is taken; the queue tries again."""
    subscriber: Peer = work.peers[peer]
    subscriber.post("/events", {"event_id": event_id, "kind": kind, "facts": facts})


def take(work: Any, engine: Engine, queue: Queue, *, event_id: UUID, kind: str, facts: dict[str, Any]) -> None:
    """Apply an event, unless it was applied before. One that no handler asks for is kept in the inbox and otherwise ignored."""
    with database.transaction(engine) as db:
        row = insert(InboxEvent).values(event_id=event_id, kind=kind).on_conflict_do_nothing().returning(InboxEvent.event_id)
        if db.scalar(row) is not None and kind in queue.handlers:
            queue.handlers[kind](work, db, facts)
