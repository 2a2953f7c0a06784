"""Answering before the whole body is here, so that the answer arrives: for uploads that are refused at their first byte.

A server that closes a connection with unread bytes in it resets it, and the gateway, still sending, then reports 502 instead of
what we said (measured). So the answer goes out at once, and the connection is kept a moment longer, reading next to nothing.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_SECONDS = 1.0
LINGER_BYTES = 256 * 1024  # read of a refused body at most, besides what was read before


class Lingering:
    """Wraps an application, outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        is_over = False

        async def receiving() -> Message:
            nonlocal is_over
            message = await receive()
            is_over = message["type"] == "http.disconnect" or not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not is_over:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            if message["type"] != "http.response.body" or message.get("more_body", False) or is_over:
                await send(message)
                return
            await send({**message, "more_body": True})
            await _linger(receiving, lambda: is_over)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, receiving, sending)


async def _linger(receive: Receive, is_over: Callable[[], bool]) -> None:
    left = LINGER_BYTES
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0 and not is_over():
                left -= len((await receive()).get("body", b""))
            while not is_over():
                await asyncio.sleep(LINGER_SECONDS)
    except TimeoutError:
        return


def _has_body(scope: Scope) -> bool:
    names = {name for name, value in scope["headers"] if value != b"0"}
    return b"content-length" in names or b"transfer-encoding" in names
