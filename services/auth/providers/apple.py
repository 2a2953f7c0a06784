"""Apple: OpenID Connect with a secret that is a token of ours (ES256), an answer that is a form sent from Apple's page, and a
name that is told once, beside the token.
"""

import time
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from services.auth.arrivals import Arrival
from services.auth.errors import AnswerUntrusted
from services.auth.providers import outward
from services.auth.providers.journey import Journey
from services.auth.providers.openid import Issuer
from services.auth.settings import Settings
from shared import json

NAME = "apple"
SCOPE = "name email"  # Apple takes no `openid`; it is always meant
SECRET_SECONDS = 300  # Apple takes up to six months; one exchange needs seconds


def of(settings: Settings) -> "Apple | None":
    """Apple, where all four of its settings are there."""
    key = settings.apple_private_key
    if not (settings.apple_client_id and settings.apple_team_id and settings.apple_key_id) or key is None:
        return None
    return Apple(
        Issuer(NAME, settings.apple_issuer, algorithms=("RS256",)),
        settings.apple_client_id,
        team_id=settings.apple_team_id,
        key_id=settings.apple_key_id,
        private_key=ECKey.import_key(key.get_secret_value()),
    )


class Apple:
    """Sign in with Apple."""

    posts_back = True

    def __init__(self, issuer: Issuer, client_id: str, *, team_id: str, key_id: str, private_key: ECKey) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._team_id = team_id
        self._key_id = key_id
        self._private_key = private_key

    def departure(self, journey: Journey, state: str) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""
        endpoint = self._issuer.endpoint("authorization_endpoint")
        with outward.client(self._client_id, "", scope=SCOPE, callback=journey.callback) as speaking:
            url, _ = speaking.create_authorization_url(
                endpoint, state=state, code_verifier=journey.verifier, nonce=journey.nonce, response_mode="form_post"
            )
        return str(url)

    def arrival(self, journey: Journey, answer: Mapping[str, str]) -> Arrival:
        """Who came back. Raises ProviderUnavailable, ProviderRefused, AnswerUntrusted."""
        if answer.get("iss", self._issuer.issuer) != self._issuer.issuer:  # another issuer's answer (RFC 9207)
            raise AnswerUntrusted(provider=NAME)
        endpoint = self._issuer.endpoint("token_endpoint")
        with outward.client(self._client_id, self._secret(), scope=SCOPE, callback=journey.callback) as speaking:
            found = outward.tokens(speaking, endpoint, journey, answer)
        claims = self._issuer.claims(found.get("id_token"), client_id=self._client_id, nonce=journey.nonce)
        return Arrival(
            issuer=self._issuer.issuer,
            subject=claims["sub"],
            provider=NAME,
            email=str(claims.get("email", "")),
            is_email_verified=claims.get("email_verified") in (True, "true"),  # Apple has sent either
            name=_name(answer.get("user", "")),
        )

    def _secret(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._team_id,
            "iat": now,
            "exp": now + SECRET_SECONDS,
            "aud": self._issuer.issuer,
            "sub": self._client_id,
        }
        return jwt.encode({"alg": "ES256", "kid": self._key_id}, claims, self._private_key)


def _name(user: str) -> str:
    """The name in the form of the first time. The browser carries it unsigned, so it names an account and decides nothing."""
    try:
        told: Any = json.loads(user.encode("utf-8", "replace")) if user else {}
    except json.BadJson:
        return ""
    name = told.get("name") if isinstance(told, dict) else None
    parts = [name.get("firstName"), name.get("lastName")] if isinstance(name, dict) else []
    return " ".join(part for part in parts if isinstance(part, str))
