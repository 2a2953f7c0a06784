"""Run the jobs of a service: `python -m shared.worker media`.

The library's worker returns, without raising, when Postgres restarts, and leaves the jobs of a killed worker behind; so
this runs it in a loop and takes up, every few seconds, whatever has shown no sign of life.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from datetime import timedelta

from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job, Status
from sqlalchemy import Engine, delete

from shared import clock, db, logs, processes, services
from shared.config import Settings
from shared.logs import log
from shared.queue import Queue, Waits, wait_seconds
from shared.tables import IdempotencyKey, InboxEvent, RateWindow

CONCURRENCY = 4  # jobs at once, each in a thread
HEARTBEAT_SECONDS = 2
STALLED_SECONDS = 10  # five missed heartbeats
RESCUE_SECONDS = 5
GRACE_SECONDS = 10  # how long running jobs may finish when the worker is told to stop
RECONNECT_SECONDS = 1
TIDY_SECONDS = 3600
KEEP_KEYS = timedelta(days=7)  # Stripe keeps them a day at least
KEEP_EVENTS = timedelta(days=30)


async def run(queue: Queue, url: str, engine: Engine) -> None:
    """Work until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    tidying = asyncio.create_task(_tidy(engine))
    while not stopping.is_set():
        try:
            await _work(queue.app, url, queue.service, stopping)
        except Exception as reason:
            log(__name__).warning("worker.interrupted", reason=repr(reason))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), RECONNECT_SECONDS)
    tidying.cancel()


async def _work(app: App, url: str, service: str, stopping: asyncio.Event) -> None:
    connector = PsycopgConnector(conninfo=url, min_size=1, max_size=CONCURRENCY + 2)
    with app.replace_connector(connector):
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[service],
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                )
            )
            rescuing = asyncio.create_task(_rescue(app))
            stopped = asyncio.create_task(stopping.wait())
            try:
                await asyncio.wait({working, rescuing, stopped}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in (rescuing, stopped, working):
                    each.cancel()
                results = await asyncio.gather(working, rescuing, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception):
                    raise result


async def _rescue(app: App) -> None:
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await _take_up(app, job)
        await asyncio.sleep(RESCUE_SECONDS)


async def _take_up(app: App, job: Job) -> None:
    """Try a job again whose worker died; at once the first time, later if it seems to be the job that kills workers."""
    task = app.tasks.get(job.task_name)
    if task is not None and isinstance(task.retry_strategy, Waits) and task.retry_strategy.are_over(job):
        log(__name__).error("job.gave_up", job_id=job.id, task=job.task_name, attempts=job.attempts + 1)
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
        return
    log(__name__).warning("job.taken_up_again", job_id=job.id, task=job.task_name)
    wait = timedelta(seconds=wait_seconds(job) if job.attempts else 0)
    await app.job_manager.retry_job(job, retry_at=clock.now() + wait)


async def _tidy(engine: Engine) -> None:
    """Forget, every hour, what nobody will ask for again."""
    while True:
        try:
            await asyncio.to_thread(tidy, engine)
        except Exception as reason:
            log(__name__).warning("tidying.failed", reason=repr(reason))
        await asyncio.sleep(TIDY_SECONDS)


def tidy(engine: Engine) -> None:
    """Delete idempotency keys after 7 days, inbox rows after 30, rate windows once they have ended."""
    now = clock.now()
    with db.transaction(engine) as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEEP_KEYS))
        session.execute(delete(InboxEvent).where(InboxEvent.received_at < now - KEEP_EVENTS))
        session.execute(delete(RateWindow).where(RateWindow.expires_at < now))


def main(service: str) -> None:
    """Run the worker of `service` until a signal ends it."""
    if service not in services.names():
        raise SystemExit(f"{service} is not a service; there are {', '.join(services.names())}")
    os.environ.setdefault("SERVICE_NAME", service)
    processes.die_with_parent(signal.SIGTERM)
    processes.give_memory_back()
    tasks = services.module(service, "tasks")
    queue: Queue = tasks.queue
    queue.work = tasks.start()
    settings: Settings = queue.work.settings
    logs.start(f"{service}-worker", settings.log_level)
    asyncio.run(run(queue, settings.service_database_url.get_secret_value(), queue.work.engine))


if __name__ == "__main__":
    main(sys.argv[1])
