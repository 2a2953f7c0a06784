"""Leaving: what every service does when a person's account is deleted, and when they ask for all that is theirs.

    leaving.take_part(queue, events, forget=forget, export=export)

auth says `user.deleted`; the service calls `forget`, sweeps the traces that the mechanisms of `shared` keep, and answers
`user.forgotten`. auth says `user.export_wanted`; the service writes down what `export` yields, hands it to media as one JSON
document, and answers `user.exported`. Both may be said any number of times, also of somebody who was never here.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, text
from sqlalchemy.orm import Session

from shared import clock, json
from shared import db as database
from shared.events import Events
from shared.idempotency import NOBODY
from shared.queue import FOR_EVER, Queue
from shared.tables import IdempotencyKey

Rows = Iterable[RowMapping | dict[str, Any]]
Forget = Callable[[Any, UUID], None]
Export = Callable[[Session, UUID], Iterator[tuple[str, Rows]]]
Keep = Callable[[Any, Path, UUID, UUID], None]

ARCHIVE_KEPT = timedelta(days=7)
ROWS_AT_ONCE = 500
PIECE_BYTES = 256 * 1024
# Of requests that were sent signed out, such as the one that made the account.
FORGET_ANSWERS = text(
    "DELETE FROM idempotency_keys WHERE user_id = :nobody AND position(convert_to(:user_id, 'UTF8') IN body) > 0"
)
# What waits for a forgotten person has nothing left to do, but for what tells others of it.
FORGET_JOBS = text(
    """
    DELETE FROM procrastinate_jobs
    WHERE position(:user_id IN args::text) > 0 AND (
        status NOT IN ('todo', 'doing')
        OR (status = 'todo' AND task_name NOT IN ('deliver_event', 'take_event', 'forget_user'))
    )
    """
)


def take_part(queue: Queue, events: Events, *, forget: Forget, export: Export, keep: Keep | None = None) -> None:
    """Register the jobs and the events of leaving.

    `forget(work, user_id)` deletes everything of a user, rows and bytes; in transactions of its own, and it may be repeated.
    `export(db, user_id)` yields each table's name and rows. `keep(work, path, task_id, user_id)` puts the document away;
    unless said otherwise, at media.
    """
    put_away = keep or _at_media

    @queue.task(attempts=FOR_EVER)
    def forget_user(work: Any, *, task_id: str, user_id: str) -> None:
        forget(work, UUID(user_id))
        with database.transaction(work.engine) as db:
            forget_traces(db, UUID(user_id))
            _answer(events, db, "user.forgotten", queue.service, task_id, user_id)

    @queue.task(attempts=FOR_EVER)
    def export_user(work: Any, *, task_id: str, user_id: str) -> None:
        with tempfile.TemporaryDirectory(dir=work.settings.data_dir) as folder:
            path = Path(folder) / f"{queue.service}.json"
            with database.transaction(work.engine) as db:
                write(path, queue.service, export(db, UUID(user_id)))
            put_away(work, path, UUID(task_id), UUID(user_id))
        with database.transaction(work.engine) as db:
            _answer(events, db, "user.exported", queue.service, task_id, user_id)

    @queue.on("user.deleted")
    def on_user_deleted(_work: Any, db: Session, facts: dict[str, Any]) -> None:
        forget_user.enqueue(db, task_id=facts["task_id"], user_id=facts["user_id"])

    @queue.on("user.export_wanted")
    def on_export_wanted(_work: Any, db: Session, facts: dict[str, Any]) -> None:
        export_user.enqueue(db, task_id=facts["task_id"], user_id=facts["user_id"])


def forget_traces(db: Session, user_id: UUID) -> None:
    """Delete what the mechanisms of `shared` have kept of a user: answers for repetitions, and jobs that name them."""
    db.execute(delete(IdempotencyKey).where(IdempotencyKey.user_id == user_id))
    db.execute(FORGET_ANSWERS, {"nobody": NOBODY, "user_id": str(user_id)})
    db.execute(FORGET_JOBS, {"user_id": str(user_id)})


def rows_of(db: Session, model: Any, user_id: UUID, *, without: tuple[str, ...] = (), at_once: int = ROWS_AT_ONCE) -> Rows:
    """Every row of one table that is this user's, but for the columns in `without`; `at_once` of them are in memory."""
    columns = [column for column in model.__table__.columns if column.name not in without]
    mine = select(*columns).where(model.user_id == user_id).execution_options(yield_per=at_once)
    return db.execute(mine).mappings()


def write(path: Path, service: str, tables: Iterable[tuple[str, Rows]]) -> None:
    """One JSON document: `service`, `exported_at`, and each table as a list of its rows."""
    with path.open("wb") as out:
        out.write(b'{"service":' + json.dumps(service) + b',"exported_at":' + json.dumps(clock.now()))
        for table, rows in tables:
            out.write(b",\n" + json.dumps(table) + b":[")
            for number, row in enumerate(rows):
                out.write((b",\n" if number else b"\n") + json.dumps(dict(row)))
            out.write(b"]")
        out.write(b"}\n")


def pieces(path: Path) -> Iterator[bytes]:
    """A file, a piece at a time."""
    with path.open("rb") as data:
        while piece := data.read(PIECE_BYTES):
            yield piece


def _at_media(work: Any, path: Path, task_id: UUID, user_id: UUID) -> None:
    to = f"/exports/{task_id}/{work.settings.service_name}"
    work.peers["media"].put(to, pieces(path), content_type="application/json", user_id=user_id)


def _answer(events: Events, db: Session, kind: str, service: str, task_id: str, user_id: str) -> None:
    events.publish(db, kind, to=("auth",), task_id=task_id, user_id=user_id, service=service)
