"""Lists that come a page at a time: bare arrays, with what an envelope would say in `Link` and `X-Total-Count`."""

from flask import Response, request

from services.auth.pages import Page
from shared import json, paging
from shared.schemas import Out


def page_of(shape: type[Out], page: Page) -> Response:
    """One page as an answer: of each row what `shape` declares, and nothing else."""
    query = list(request.args.items(multi=True))
    headers = paging.headers(request.path, query, total=page.total, next_cursor=page.next_cursor)
    body = json.dumps([shape.model_validate(row).model_dump(mode="json") for row in page.rows])
    return Response(body, headers=headers, content_type="application/json")
