"""Parts of archives, as services hand them over."""

from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Request

from services.media.errors import NoSuchFile
from services.media.leaving import archives
from services.media.receiving.spool import Spooled
from services.media.settings import GIB
from services.media.world import World
from shared import ids
from shared.fastapi_app import reception

LARGEST_BYTES = 2 * GIB  # of JSON: a person's rows in one service


async def take(request: Request, world: World, task_id: UUID, service: str, *, user_id: UUID | None) -> None:
    """Keep one service's part of an archive; the same again replaces it. Raises NoSuchFile where nobody is named."""
    if user_id is None:
        raise NoSuchFile
    bounds = world.bounds(LARGEST_BYTES)
    spooled = Spooled(f"{service}.json", world.spool / f"{ids.new()}-{service}.json")
    try:
        await reception.receive(request, spooled.write, bounds)
        with reception.noticing_full_disk():
            spooled.end()
        place = (world.store, world.settings, spooled.path, task_id, service, user_id)
        await to_thread.run_sync(archives.keep, *place, limiter=world.finishing)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(spooled.discard)
