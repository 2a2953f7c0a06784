"""How soon an idle worker starts on a job, by the queue's own record of both moments."""

import random
import statistics
import time
from collections.abc import Iterator

from sqlalchemy import text

from shared import db
from tests.load.ground import Ground
from tests.load.rows import Row
from tests.media import make

JOBS = 15
BAR_MS = 100
# A job that succeeded is deleted with its record, so it is read while the job runs: reading tags takes a child process.
WAITED = text(
    """
    SELECT extract(epoch FROM started.at - deferred.at) * 1000
    FROM procrastinate_jobs AS job
    JOIN procrastinate_events AS deferred ON deferred.job_id = job.id AND deferred.type = 'deferred'
    JOIN procrastinate_events AS started ON started.job_id = job.id AND started.type = 'started'
    WHERE job.task_name = 'read_tags' AND job.args ->> 'file_id' = :file_id
    """
)


def measure(ground: Ground) -> Iterator[Row]:
    """The job that reads the tags of an upload, at random moments of the worker's idling."""
    waited = [each for each in (_waited_ms(ground) for _ in range(JOBS)) if each is not None]
    if len(waited) <= JOBS // 2:
        raise RuntimeError(f"only {len(waited)} of {JOBS} jobs were seen while they ran")
    p50 = statistics.median(waited)
    yield Row("job enqueued -> started on an idle worker, p50", f"{p50:.0f} ms", "-", p50, BAR_MS, "at most", " ms")


def _waited_ms(ground: Ground) -> float | None:
    time.sleep(random.uniform(0.05, 0.4))
    file_id = make.upload(ground.alice).json()[0]["id"]
    found = None
    while found is None and ground.alice.get(f"/files/{file_id}").json()["status"] == "processing":
        with db.transaction(ground.system) as session:
            found = session.scalar(WAITED, {"file_id": file_id})
    make.ready(ground.alice, file_id)
    return None if found is None else float(found)
