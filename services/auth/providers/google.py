"""Google: OpenID Connect as it is written."""

from collections.abc import Mapping

from services.auth.arrivals import Arrival
from services.auth.errors import AnswerUntrusted
from services.auth.providers import outward
from services.auth.providers.journey import Journey
from services.auth.providers.openid import Issuer
from services.auth.settings import Settings

NAME = "google"
SCOPE = "openid email profile"


def of(settings: Settings) -> "Google | None":
    """Google, where its client is set."""
    secret = settings.google_client_secret
    if not settings.google_client_id or secret is None:
        return None
    return Google(
        Issuer(NAME, settings.google_issuer, algorithms=("RS256",)), settings.google_client_id, secret.get_secret_value()
    )


class Google:
    """Sign in with Google."""

    posts_back = False

    def __init__(self, issuer: Issuer, client_id: str, client_secret: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret

    def departure(self, journey: Journey, state: str) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""
        endpoint = self._issuer.endpoint("authorization_endpoint")
        with outward.client(self._client_id, "", scope=SCOPE, callback=journey.callback) as speaking:
            url, _ = speaking.create_authorization_url(
                endpoint, state=state, code_verifier=journey.verifier, nonce=journey.nonce
            )
        return str(url)

    def arrival(self, journey: Journey, answer: Mapping[str, str]) -> Arrival:
        """Who came back. Raises ProviderUnavailable, ProviderRefused, AnswerUntrusted."""
        if answer.get("iss", self._issuer.issuer) != self._issuer.issuer:  # another issuer's answer (RFC 9207)
            raise AnswerUntrusted(provider=NAME)
        endpoint = self._issuer.endpoint("token_endpoint")
        with outward.client(self._client_id, self._client_secret, scope=SCOPE, callback=journey.callback) as speaking:
            found = outward.tokens(speaking, endpoint, journey, answer)
        claims = self._issuer.claims(found.get("id_token"), client_id=self._client_id, nonce=journey.nonce)
        return Arrival(
            issuer=self._issuer.issuer,
            subject=claims["sub"],
            provider=NAME,
            email=str(claims.get("email", "")),
            is_email_verified=claims.get("email_verified") is True,
            name=str(claims.get("name", "")),
            picture=str(claims.get("picture", "")),
        )
