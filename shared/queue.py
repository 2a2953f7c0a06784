"""Background work: a job is a row in the service's own schema, written in the caller's transaction, so it is the outbox too.

At least once: every effect must bear being done twice. A job whose worker died is taken up again within seconds (see
`shared.worker`).

    queue = Queue("media")

    @queue.task(attempts=5)
    def read_tags(work: Work, *, file_id: str, user_id: str) -> None: ...

    read_tags.enqueue(db, file_id=str(file.id), user_id=str(caller.id))

`work` is whatever the service's `tasks.start(settings)` made for its worker: settings, engine, peers. Facts are JSON.
"""

from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.tasks import Task as ProcrastinateTask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from shared import db as database
from shared.logs import log

Facts = ParamSpec("Facts")
Work = TypeVar("Work")

ATTEMPTS = 10  # with waits of 1, 2, 4, ... s: eight minutes of trouble are bridged
FOR_EVER = 0  # as a number of attempts: until it is done
LONGEST_WAIT_SECONDS = 300  # between two attempts: what was down for a day is noticed five minutes after it is back

# Writes jobs over whatever connection it is handed. Inside a worker the app's own connector is asynchronous and refuses ours.
_writer = JobManager(SyncPsycopgConnector())


class Waits(BaseRetryStrategy):
    """Each wait is twice the one before, up to five minutes, for so many attempts in all or for ever."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None for a job that has had its attempts."""
        return None if self.are_over(job) else RetryDecision(retry_in={"seconds": wait_seconds(job)})

    def are_over(self, job: Job) -> bool:
        """Whether the attempt that just failed was the last."""
        return bool(self.attempts) and job.attempts + 1 >= self.attempts


def wait_seconds(job: Job) -> int:
    """How long a job waits after the attempt that just failed."""
    doublings: int = min(job.attempts, 16)
    return min(1 << doublings, LONGEST_WAIT_SECONDS)


class Queue:
    """The jobs of one service. `work` is set once, by the worker process."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.app = App(connector=PsycopgConnector())
        self.work: Any = None
        self.handlers: dict[str, Callable[[Any, Session, dict[str, Any]], None]] = {}

    def task(
        self, *, attempts: int = ATTEMPTS, every: str = ""
    ) -> Callable[[Callable[Concatenate[Any, Facts], None]], "Task[Facts]"]:
        """Make a function a job, tried so often at most, or FOR_EVER.

        `every` is a cron line (with an optional sixth field, seconds): it then runs by itself.
        """

        def register(function: Callable[Concatenate[Any, Facts], None]) -> "Task[Facts]":
            def run(**facts: Any) -> None:
                facts.pop("timestamp", None) if every else None
                try:
                    function(self.work, **facts)  # type: ignore[call-arg]
                except Exception as reason:
                    log(__name__).warning("job.failed", task=function.__name__, reason=repr(reason)[:300])
                    raise

            task = self.app.task(
                name=function.__name__,
                queue=self.service,
                retry=Waits(attempts),
                queueing_lock=function.__name__ if every else None,
            )(run)
            if every:
                self.app.periodic(cron=every)(task)  # type: ignore[arg-type]
            return Task(task, function)

        return register

    def on(self, kind: str) -> Callable[[Callable[[Any, Session, dict[str, Any]], None]], Any]:
        """Take events of this kind from other services: `handler(work, db, facts)`, once an event, in one transaction
        with its inbox row.
        """

        def register(handler: Callable[[Any, Session, dict[str, Any]], None]) -> Any:
            self.handlers[kind] = handler
            return handler

        return register


def failed(engine: Engine) -> int:
    """How many jobs have had all their attempts and wait for an operator to look at them."""
    with database.transaction(engine) as db:
        return db.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")) or 0


class Task(Generic[Facts]):
    """A job that can be enqueued, and called directly with a `work`."""

    def __init__(self, task: ProcrastinateTask[Any, Any, Any], function: Callable[Concatenate[Any, Facts], None]) -> None:
        self._task = task
        self.run = function

    def enqueue(self, db: Session, *_none: Facts.args, **facts: Facts.kwargs) -> None:
        """Have it done once this transaction commits; a rollback forgets it."""
        self.enqueue_with(db, **dict(facts))  # type: ignore[arg-type]

    def enqueue_with(
        self, db: Session, *, in_seconds: int = 0, lock: str | None = None, only_once: str | None = None, **facts: Any
    ) -> None:
        """The same, later, or one at a time (`lock`), or not again while one with the same `only_once` waits."""
        with db.begin_nested() as savepoint:
            options: Any = {"connection": database.driver_connection(db)}
            options |= {"schedule_in": {"seconds": in_seconds}} if in_seconds else {}
            options |= {"lock": lock} if lock else {}
            options |= {"queueing_lock": only_once} if only_once else {}
            deferrer = self._task.configure(**options)
            deferrer.job_manager = _writer
            try:
                deferrer.defer(**facts)
            except AlreadyEnqueued:
                savepoint.rollback()
