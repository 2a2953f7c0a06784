"""Albums, playlists and archives on their way to somebody, as a ZIP."""

from collections.abc import Iterable
from uuid import UUID

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.media.library.bundles import Bundle
from services.media.playing import zips
from services.media.playing.streams import SAFE_HEADERS, content_disposition
from services.media.playing.zips import Entry
from services.media.world import World

MEDIA_TYPE = "application/zip"


class Zip(StreamingResponse):
    """A ZIP on its way to somebody; a few of theirs at once. Who reads slowly holds no connection to the store."""

    def __init__(self, entries: Iterable[Entry], world: World, *, name: str, user_id: UUID) -> None:
        headers = SAFE_HEADERS | {"Content-Disposition": content_disposition("attachment", f"{name}.zip")}
        super().__init__(zips.zipped(world.store, entries), headers=headers, media_type=MEDIA_TYPE)
        self._world, self._user_id = world, user_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises TooManyZips."""
        with self._world.zipping.one(self._user_id):
            await super().__call__(scope, receive, send)


def answer(bundle: Bundle, world: World, *, user_id: UUID) -> Zip:
    """An album or a playlist: `user_id` is who downloads it."""
    return Zip(zips.entries(bundle.rows), world, name=zips.plain(bundle.name) or "tracks", user_id=user_id)
