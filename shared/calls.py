"""Calls to other services over `/internal/...`: the one HTTP client, a token per call, and one way to fail.

Only a service's `peers.py` uses this. No call is made while a transaction is open.
"""

from collections.abc import Iterable
from typing import Any, BinaryIO
from uuid import UUID

import httpx2

from shared import identity, json, logs
from shared.errors import Problem, Unavailable

CONNECT_SECONDS = 2
READ_SECONDS = 10


class PeerUnavailable(Unavailable):
    """Another part of Tutti is not answering just now. Try again in a moment."""


class PeerRefused(Problem):
    """Another part of Tutti refused. It carries that part's problem document on."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        waiting = {key: value for key, value in document.items() if key == "retry_after_seconds"}
        super().__init__(**waiting)
        self.status = status
        self._document = document

    def document(self) -> dict[str, Any]:
        """The peer's own words."""
        return self._document

    @property
    def peer_code(self) -> str:
        """The peer's error code, such as `recording_too_large`."""
        return str(self._document.get("code", ""))


class Peer:
    """One other service, as seen from this one. Threads may share it."""

    def __init__(self, service: str, peer: str, *, url: str, key: bytes, read_seconds: float = READ_SECONDS) -> None:
        self._service = service
        self.name = peer
        self._key = key
        timeout = httpx2.Timeout(read_seconds, connect=CONNECT_SECONDS)
        self._client = httpx2.Client(base_url=url, timeout=timeout, trust_env=False, follow_redirects=False)

    def get(self, path: str, *, user_id: UUID | None = None, session_id: UUID | None = None, **query: Any) -> Any:
        """Read JSON. Raises PeerUnavailable, PeerRefused."""
        return self._send("GET", path, user_id, session_id, params=query or None)

    def post(self, path: str, body: Any, *, user_id: UUID | None = None, session_id: UUID | None = None) -> Any:
        """Send JSON, read JSON. Raises PeerUnavailable, PeerRefused."""
        content = json.dumps(body)
        return self._send("POST", path, user_id, session_id, content=content, headers={"Content-Type": "application/json"})

    def put(
        self,
        path: str,
        content: bytes | Iterable[bytes],
        *,
        content_type: str,
        user_id: UUID | None = None,
        session_id: UUID | None = None,
    ) -> Any:
        """Send bytes, read JSON. Raises PeerUnavailable, PeerRefused."""
        return self._send("PUT", path, user_id, session_id, content=content, headers={"Content-Type": content_type})

    def fetch(self, path: str, into: BinaryIO, *, at_most: int, user_id: UUID | None = None) -> int:
        """Write the bytes of an answer to `into` as they come; how many.

        Raises PeerUnavailable, also where they are more than `at_most`, PeerRefused.
        """
        size_bytes = 0
        try:
            with self._client.stream("GET", f"/internal{path}", headers=self._headers(user_id, None)) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    self._refuse(answer)
                for piece in answer.iter_bytes():
                    size_bytes += len(piece)
                    if size_bytes > at_most:
                        raise PeerUnavailable(peer=self.name)
                    into.write(piece)
        except httpx2.TransportError as reason:
            raise PeerUnavailable(peer=self.name) from reason
        return size_bytes

    def delete(self, path: str, *, user_id: UUID | None = None, session_id: UUID | None = None) -> Any:
        """Delete. Raises PeerUnavailable, PeerRefused."""
        return self._send("DELETE", path, user_id, session_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, path: str, user_id: UUID | None, session_id: UUID | None, **request: Any) -> Any:
        headers = request.pop("headers", {}) | self._headers(user_id, session_id)
        try:
            answer = self._client.request(method, f"/internal{path}", headers=headers, **request)
        except httpx2.TransportError as reason:
            raise PeerUnavailable(peer=self.name) from reason
        self._refuse(answer)
        return json.loads(answer.content) if answer.content else None

    def _headers(self, user_id: UUID | None, session_id: UUID | None) -> dict[str, str]:
        token = identity.sign_internal(
            caller=self._service, audience=self.name, key=self._key, user_id=user_id, session_id=session_id
        )
        named = {"X-Request-Id": logs.request_id()} if logs.request_id() else {}
        return {"Authorization": f"Bearer {token}"} | named

    def _refuse(self, answer: httpx2.Response) -> None:
        if answer.status_code >= 500:
            raise PeerUnavailable(peer=self.name)
        if answer.status_code >= 400:
            raise PeerRefused(answer.status_code, _document(answer))


def _document(answer: httpx2.Response) -> dict[str, Any]:
    try:
        document = json.loads(answer.content)
    except json.BadJson:
        document = None
    return document if isinstance(document, dict) else {"status": answer.status_code, "detail": "refused", "code": "refused"}
