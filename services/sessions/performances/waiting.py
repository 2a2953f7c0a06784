"""Waiting for an analysis while a connection is held open; no thread is."""

import asyncio
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from services.sessions.performances import analyses
from services.sessions.settings import Settings
from shared.db import transaction

MOST_SECONDS = 50.0  # browsers and proxies wait for a minute
LOOK_SECONDS = 0.2


async def until_over(engine: Engine, settings: Settings, analysis_id: UUID, *, user_id: UUID) -> None:
    """Wait until an analysis is over, for as long as a client waits; not on a process that is about to stop.

    Raises AnalysisNotFound where it is forgotten meanwhile.
    """
    until = asyncio.get_running_loop().time() + MOST_SECONDS

    def is_over() -> bool:
        with transaction(engine, user_id=user_id) as db:
            return analyses.is_over(db, analysis_id, user_id=user_id) or settings.drain_flag.exists()

    while not await run_in_threadpool(is_over) and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(LOOK_SECONDS)
