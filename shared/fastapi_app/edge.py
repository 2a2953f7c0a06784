"""What happens to every request before and after routing, as plain ASGI: request id, one trailing slash, access log,
metrics.
"""

import time
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import logs
from shared.addresses import Network, client_address
from shared.health import Metrics
from shared.logs import UNLOGGED_ROUTES, log

SECRET_PARAMETERS = frozenset({"token"})  # path parameters that are capabilities


class Edge:
    """Wraps the whole application, error handling included, so that nothing is answered unlogged."""

    def __init__(self, app: ASGIApp, *, service: str, metrics: Metrics, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted
        self._service = service
        self._metrics = metrics
        self._log = log("access")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _drop_one_trailing_slash(scope)
        sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = logs.begin_request(self._service, sent.decode("latin-1"))
        started, status, size_bytes = time.perf_counter(), 499, 0

        async def sending(message: Message) -> None:
            nonlocal status, size_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            elif message["type"] == "http.response.body":
                size_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = _route(scope)
            self._metrics.answered(method=scope["method"], route=route, status=status, started=started)
            if route not in UNLOGGED_ROUTES:
                self._log.info(
                    "request",
                    method=scope["method"],
                    path=_path(scope, route),
                    status=status,
                    duration_ms=round((time.perf_counter() - started) * 1000, 1),
                    size_bytes=size_bytes,
                    user_id=scope.get("state", {}).get("user_id"),
                    address=client(scope, self._trusted),
                )
            logs.end_request()


def _drop_one_trailing_slash(scope: Scope) -> None:
    path: str = scope["path"]
    if len(path) > 1 and path.endswith("/") and not path.endswith("//"):
        scope["path"] = path[:-1]
        scope["raw_path"] = scope.get("raw_path", path.encode()).removesuffix(b"/")


def client(scope: Scope, trusted: Sequence[Network]) -> str:
    """The address of whoever sent a request, by the word of the proxies that are trusted."""
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return client_address(",".join(forwarded), (scope.get("client") or ("",))[0], trusted)


def _route(scope: Scope) -> str:
    context: Any = scope.get("fastapi", {})
    effective = context.get("effective_route_context") if isinstance(context, dict) else None
    return str(getattr(effective or scope.get("route"), "path", "unmatched"))


def _path(scope: Scope, route: str) -> str:
    """The path as it was asked for, with capabilities left out."""
    if any(f"{{{name}}}" in route for name in SECRET_PARAMETERS):
        return route
    return logs.path_of(str(scope["path"]), is_known=route != "unmatched")
