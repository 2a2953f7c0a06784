"""What lists of found and starred things have in common: rows of each kind as JSON, for whoever asks."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from services.media.library import albums, artists, tracks
from services.media.models.catalogue import Found
from services.media.routes.needs import Media
from services.media.schemas import catalogue as catalogued
from services.media.schemas import tracks as listed
from shared.fastapi_app.guards import Db, SignedIn


class Shelf:
    """The library of whoever asks."""

    def __init__(self, caller: SignedIn, db: Db, media: Media) -> None:
        self.db, self.media, self.user_id, self._session_id = db, media, caller.id, caller.session_id

    def show(self, found: Found, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """These, in that order, with addresses of this sign-in."""
        wanted, playables = list(ids), self.media.playables
        if found is Found.TRACK:
            rows = tracks.of(self.db, wanted, user_id=self.user_id)
            addresses = playables.of(self.user_id, self._session_id)
            return [listed.shown(row, addresses) for row in rows]
        read = albums.of if found is Found.ALBUM else artists.of
        rows = read(self.db, wanted, user_id=self.user_id)
        return [catalogued.shown(row, playables, user_id=self.user_id, session_id=self._session_id) for row in rows]


TheShelf = Annotated[Shelf, Depends(Shelf)]
