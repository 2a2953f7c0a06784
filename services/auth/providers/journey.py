"""What every provider is given and has to do."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from services.auth.arrivals import Arrival

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Journey:
    """One way to a provider and back. Of the verifier, the provider sees the challenge first."""

    provider: str
    callback: str  # where the provider sends the browser back to
    redirect_to: str  # where the app wants it in the end
    code_challenge: str  # the app's own, for our code
    verifier: str
    nonce: str

    @classmethod
    def new(cls, *, provider: str, callback: str, redirect_to: str, code_challenge: str) -> Self:
        """A journey with secrets of its own."""
        verifier, nonce = secrets.token_urlsafe(SECRET_BYTES), secrets.token_urlsafe(SECRET_BYTES)
        return cls(provider, callback, redirect_to, code_challenge, verifier, nonce)


class Provider(Protocol):
    """Somebody who vouches for people."""

    posts_back: bool  # whether its answer is a form sent from its own page: such a request carries no Lax cookie

    def departure(self, journey: Journey, state: str) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""

    def arrival(self, journey: Journey, answer: Mapping[str, str]) -> Arrival:
        """Who came back with this answer, once it is proved. Raises ProviderUnavailable, ProviderRefused, AnswerUntrusted."""
