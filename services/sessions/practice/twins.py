"""The same save sent several times at once: the first is done, the others wait for it here and are told the same.

The real client sends no `Idempotency-Key`, and people press a button twice. The key then is the body itself (`saving.Once`),
kept in Postgres, so that it does not matter which process each request came to. Those who wait hold no thread, and no place in
memory.
"""

import asyncio
import time
from collections.abc import Callable

from anyio import to_thread
from sqlalchemy import Engine

from services.sessions.practice.bodies import Body
from services.sessions.practice.saving import Once, Saved
from shared import idempotency
from shared.db import transaction
from shared.idempotency import StillInProgress

LOOK_SECONDS = 0.1  # between two looks whether the first is done
PATIENCE_SECONDS = 120  # longer than media may take to store the recording of the first


async def saved_once(engine: Engine, body: Body, once: Once, save: Callable[[], Saved]) -> Saved:
    """What `save` makes of the body, in a thread.

    Where the same body is being saved already, first wait for what comes of that: a session, which then is this one's too, or
    nothing, and then this one is saved. Raises what `save` raises; where the request has a key of its own, StillInProgress at
    once: its sender knows what to do.
    """
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await to_thread.run_sync(save)
        except StillInProgress:
            if once.began_at is None or time.monotonic() > gives_up_at:
                raise
        body.place.leave()
        await _until_free(engine, once, gives_up_at)
        await body.place.take()


async def _until_free(engine: Engine, once: Once, gives_up_at: float) -> None:
    def is_held() -> bool:
        with transaction(engine, user_id=once.claim.user_id) as db:
            return idempotency.is_held(db, once.claim)

    await asyncio.sleep(LOOK_SECONDS)
    while time.monotonic() < gives_up_at and await to_thread.run_sync(is_held):
        await asyncio.sleep(LOOK_SECONDS)
