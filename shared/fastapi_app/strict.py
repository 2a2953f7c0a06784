"""Strict JSON bodies for FastAPI: bounded, and read by `shared.json`."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from shared import json
from shared.errors import TooLarge

MAX_BODY_BYTES = 1024 * 1024  # of a body that is read whole; a held-open route reads its own stream and bounds it itself


class StrictRequest(Request):
    """A request whose body is bounded and whose JSON is read by `shared.json`."""

    async def body(self) -> bytes:
        """The whole body. Raises 413, as the exception that FastAPI lets through while it reads."""
        if not hasattr(self, "_body"):
            chunks, size = [], int(self.headers.get("content-length") or 0)
            if size <= MAX_BODY_BYTES:
                size = 0
                async for chunk in self.stream():
                    size += len(chunk)
                    chunks.append(chunk)
                    if size > MAX_BODY_BYTES:
                        break
            if size > MAX_BODY_BYTES:
                raise HTTPException(TooLarge.status)
            self._body = b"".join(chunks)
        return self._body

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
