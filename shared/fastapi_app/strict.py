"""Strict JSON bodies for FastAPI; the models that refuse unknown fields come from `shared.schemas`."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from shared import json
from shared.schemas import In, Line, Out, Text, problems

__all__ = ["In", "Line", "Out", "StrictRequest", "StrictRoute", "Text", "problems"]


class StrictRequest(Request):
    """A request whose JSON is read by `shared.json`."""

    async def json(self) -> Any:
        """The body. Raises BadJson, which becomes 422."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """Reads JSON strictly, and keeps the answer of a request that named itself with `Idempotency-Key` (see guards.Once).

    The handler returns before FastAPI ends the function-scoped transaction, so the answer is kept in the transaction
    that made it true.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = await handler(StrictRequest(request.scope, request.receive))
            keep = getattr(request.state, "keep_answer", None)
            if keep is not None and response.status_code < 400:
                await run_in_threadpool(keep, response)
            return response

        return handle
