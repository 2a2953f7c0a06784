"""JSON of pictures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.media.models.pictures import Purpose
from services.media.playing.playable import Playables
from shared.schemas import Out


class PictureOut(Out):
    """A picture. `media_url` is its path for whoever is signed in and may see it; `url` shows it without a token, for hours."""

    id: UUID
    user_id: UUID
    media_url: str
    media_type: str
    uploaded_at: datetime
    purpose: Purpose
    width: int
    height: int
    size_bytes: int
    url: str


def shown(row: dict[str, Any], playables: Playables, *, session_id: UUID | None) -> dict[str, Any]:
    """A row of `pictures.SHOWN` as PictureOut, with an address that belongs to this sign-in."""
    return row | {"url": playables.url(row["id"], "picture", user_id=row["user_id"], session_id=session_id)}
