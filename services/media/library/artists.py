"""Artists: reading them, and who did what."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchArtist
from services.media.library.files import Page, Row
from services.media.library.listing import OPINIONS, RANDOM, RATED, STARRED, USER, Listing, Order
from services.media.models.catalogue import Artist, Credit

SHOWN = (
    Artist.id,
    Artist.name,
    Artist.sort_name,
    Artist.album_count,
    Artist.song_count,
    Artist.cover_file_id,
    Artist.created_at,
)
ORDERS: Mapping[str, Order] = {
    "name": Order((Artist.sort_name, Artist.id), is_stable=True),
    "created_at": Order((Artist.created_at, Artist.id), is_stable=True),
    "songs": Order((Artist.song_count, Artist.id)),
    "albums": Order((Artist.album_count, Artist.id)),
    **OPINIONS,
    **RANDOM,
}
LISTING = Listing(
    target="artist",
    columns=SHOWN,
    id=Artist.id,
    shown=(Artist.user_id == USER,),
    filters={
        "heard": or_(Artist.album_count > 0, Artist.song_count > 0),  # not those who only wrote or produced
        "with_albums": Artist.album_count > 0,
        "starred": STARRED,
        "rated": RATED,
    },
    orders=ORDERS,
)
_CREDITS = (
    select(Credit.file_id, Credit.role, Artist.id, Artist.name)
    .join(Artist, Artist.id == Credit.artist_id)
    .where(Credit.user_id == USER, Credit.file_id.in_(bindparam("file_ids", expanding=True)))
    .order_by(Credit.file_id, Credit.role, Credit.position)
)


def find(db: Session, *, user_id: UUID, limit: int, **ways: Any) -> Page:
    """One page of artists: those that have all of what is wanted (LISTING.filters), by name or in another of ORDERS."""
    return LISTING.page(db, user_id=user_id, limit=limit, **ways)


def show(db: Session, artist_id: UUID, *, user_id: UUID) -> Row:
    """One artist. Raises NoSuchArtist."""
    found = LISTING.of(db, [artist_id], user_id=user_id)
    if not found:
        raise NoSuchArtist
    return found[0]


def of(db: Session, artist_ids: list[UUID], *, user_id: UUID) -> list[Row]:
    """Those of `artist_ids` that there are, in that order."""
    return LISTING.of(db, artist_ids, user_id=user_id)


def credited(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> dict[UUID, dict[str, list[Row]]]:
    """Who did what for each of some tracks: by track and role, `{id, name}` in their order."""
    found: dict[UUID, dict[str, list[Row]]] = defaultdict(dict)
    for row in db.execute(_CREDITS, {"user_id": user_id, "file_ids": list(file_ids)}):
        found[row.file_id].setdefault(row.role, []).append({"id": row.id, "name": row.name})
    return found
