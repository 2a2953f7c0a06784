"""Pages of a library's lists: how one is asked for, and how the next one is told of."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Request, Response

from services.media.library.files import Page
from services.media.library.listing import Listing
from shared import json, paging

MOST_SKIPPED = 1_000_000

Limit = Annotated[int, Query(ge=1, le=paging.ALL)]
NewLimit = Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)]
Offset = Annotated[int, Query(ge=0, le=MOST_SKIPPED)]


@dataclass(frozen=True, slots=True)
class Ways:
    """How a list is to be walked along."""

    sort: str
    descending: bool
    limit: int
    offset: int
    cursor: str | None


def turned(ways: Ways, listing: Listing) -> dict[str, Any]:
    """The same as `find` of tracks, albums and artists takes it. Raises BadCursor."""
    facts = {"sort": ways.sort, "descending": ways.descending, "limit": ways.limit, "offset": ways.offset}
    if ways.cursor is None:
        return facts
    if not listing.orders[ways.sort].is_stable:
        raise paging.BadCursor
    read = paging.position if ways.sort == "created_at" else paging.text_position
    return facts | {"after": read(ways.cursor), "offset": 0}


def answer(request: Request, page: Page, shown: list[dict[str, Any]], ways: Ways, listing: Listing) -> Response:
    """A page as JSON. The next one begins after its last row, or where the sorting does not allow that, so many rows on."""
    order, path, query = listing.orders.get(ways.sort), request.url.path, request.query_params.multi_items()
    if page.has_more and order and order.is_stable:
        last = page.rows[-1]
        following = paging.cursor(last[order.columns[0].key], last["id"])
        headers = paging.headers(path, query, total=page.total, next_cursor=following)
    else:
        onward = ways.offset + len(page.rows) if page.has_more and ways.sort != "random" else None
        headers = paging.offset_headers(path, query, total=page.total, next_offset=onward)
    return Response(json.dumps(shown), headers=headers, media_type="application/json")
