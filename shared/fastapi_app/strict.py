"""Strict JSON bodies, and models that refuse unknown fields."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from shared import json

MAX_TEXT_CHARACTERS = 255


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


def _no_control_characters(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\r\t" for character in text) or "\x7f" in text:
        raise ValueError("holds a control character")
    return text


Text = Annotated[str, AfterValidator(_no_control_characters)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT_CHARACTERS),
    AfterValidator(_no_control_characters),
]


class In(BaseModel):
    """The parent of every `New...` and `...Change`: unknown fields are refused, NaN too."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Out(BaseModel):
    """The parent of every `...Out`."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


def problems(errors: Any) -> list[dict[str, str]]:
    """Pydantic's errors as `{field, message}`, without the values that were sent."""
    found = []
    for each in errors:
        place = [str(part) for part in each.get("loc", ()) if part not in {"body", "query", "path", "header"}]
        is_json = each.get("type") == "json_invalid"
        message = str(each.get("ctx", {}).get("error", "")) if is_json else str(each.get("msg", "is not valid"))
        found.append({"field": "" if is_json else ".".join(place), "message": message.removeprefix("Value error, ")})
    return found
