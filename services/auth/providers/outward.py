"""The HTTP client for providers: Authlib's OAuth2 client over connections that give up soon and read little.

Addresses are the operator's or come from the issuer that the operator named; redirects are not followed, and no proxy of the
environment is used.
"""

import time
from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from services.auth.errors import ProviderRefused, ProviderUnavailable
from services.auth.providers.journey import Journey
from shared import json
from shared.logs import log

CONNECT_SECONDS = 3
READ_SECONDS = 5
WHOLE_SECONDS = 10  # of one answer, however slowly it drips
AT_ONCE = 8  # of the 16 threads that serve: a provider that hangs leaves the rest to everybody else
WAITING = 3
WAIT_SECONDS = 2
MAX_ANSWER_BYTES = 256 * 1024  # key sets have 3 KB; a token with every claim of Google's has 2


_asking = BoundedSemaphore(AT_ONCE)
_places = BoundedSemaphore(AT_ONCE + WAITING)


class TooMuch(httpx2.TransportError):
    """An answer is larger, slower or otherwise encoded than any provider's is; or too many wait for one."""


class Bounded(httpx2.BaseTransport):
    """Connections whose answers are read whole at once, within bounds."""

    def __init__(self) -> None:
        self._connections = httpx2.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. Raises httpx2.TransportError."""
        if not _places.acquire(blocking=False):
            raise TooMuch("too many wait")
        try:
            if not _asking.acquire(timeout=WAIT_SECONDS):
                raise TooMuch("too many wait")
            try:
                return self._read(request)
            finally:
                _asking.release()
        finally:
            _places.release()

    def _read(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        until, body = time.monotonic() + WHOLE_SECONDS, bytearray()
        response = self._connections.handle_request(request)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise TooMuch("encoded")
            for piece in response.iter_raw():
                body += piece
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > until:
                    raise TooMuch("too large or too slow")
        finally:
            response.close()
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"transfer-encoding"]
        return httpx2.Response(response.status_code, headers=headers, content=bytes(body))

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


def client(client_id: str, client_secret: str, *, scope: str, callback: str) -> OAuth2Client:
    """Authlib's client for one exchange. It sends id and secret in the form, which all three providers take."""
    made = OAuth2Client(
        client_id=client_id,
        client_secret=client_secret,
        token_endpoint_auth_method="client_secret_post",  # noqa: S106 -- the name of a method
        scope=scope,
        redirect_uri=callback,
        code_challenge_method="S256",
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        transport=Bounded(),
        follow_redirects=False,
        trust_env=False,
    )
    made.register_compliance_hook("access_token_response", _no_redirect)
    return made


def tokens(speaking: OAuth2Client, endpoint: str, journey: Journey, answer: Mapping[str, str]) -> Mapping[str, Any]:
    """The provider's tokens for the code that came back. Raises ProviderUnavailable, ProviderRefused."""
    if "error" in answer or not answer.get("code"):
        raise ProviderRefused
    try:
        found: Mapping[str, Any] = speaking.fetch_token(
            endpoint, grant_type="authorization_code", code=answer["code"], code_verifier=journey.verifier
        )
    except OAuthError as reason:
        log(__name__).warning("provider.refused", provider=journey.provider, error=str(reason.error)[:60])
        raise ProviderRefused from reason
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as reason:
        raise _unavailable(journey.provider, reason) from reason
    return found


def document(provider: str, url: str, speaking: OAuth2Client | None = None, **query: str) -> dict[str, Any]:
    """The JSON object at an address, asked for with the token that `speaking` holds, if given. Raises ProviderUnavailable."""
    try:
        if speaking is None:
            with client("", "", scope="", callback="") as asking:
                answer = asking.request("GET", url, withhold_token=True)
        else:
            answer = speaking.get(url, params=query)
        answer.raise_for_status()
        found = json.loads(answer.content)
    except (OAuthError, httpx2.HTTPError, httpx2.InvalidURL, ValueError) as reason:
        raise _unavailable(provider, reason) from reason
    if not isinstance(found, dict):
        raise _unavailable(provider, TypeError("no JSON object"))
    return found


def _no_redirect(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_redirect:  # its body would be believed
        answer.raise_for_status()
    return answer


def _unavailable(provider: str, reason: Exception) -> ProviderUnavailable:
    """What the provider said stays in our log, and there only by kind."""
    log(__name__).warning("provider.unavailable", provider=provider, reason=type(reason).__name__)
    return ProviderUnavailable(provider=provider)
