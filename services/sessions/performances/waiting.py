"""Waiting for an analysis while a connection is held open; no thread is."""

import asyncio
import re
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from services.sessions.performances import analyses
from services.sessions.settings import Settings
from shared.db import transaction

MOST_SECONDS = 50.0  # browsers and proxies wait for a minute
LOOK_SECONDS = 0.2
WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})(?!\d)", re.IGNORECASE)


def preferred_seconds(prefer: str | None) -> float:
    """For how long a client prefers to wait, at most as long as anybody does (RFC 7240; other preferences are no concern).

    >>> preferred_seconds("respond-async, wait=5"), preferred_seconds("wait=100000"), preferred_seconds(None)
    (5.0, 50.0, 50.0)
    """
    asked = WAIT.search(prefer or "")
    return min(float(asked[1]), MOST_SECONDS) if asked else MOST_SECONDS


async def until_over(engine: Engine, settings: Settings, analysis_id: UUID, *, user_id: UUID, seconds: float) -> None:
    """Wait until an analysis is over, for so long at most; not on a process that is about to stop.

    Raises AnalysisNotFound where it is forgotten meanwhile.
    """
    until = asyncio.get_running_loop().time() + seconds

    def is_over() -> bool:
        with transaction(engine, user_id=user_id) as db:
            return analyses.is_over(db, analysis_id, user_id=user_id) or settings.drain_flag.exists()

    while not await run_in_threadpool(is_over) and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(LOOK_SECONDS)
