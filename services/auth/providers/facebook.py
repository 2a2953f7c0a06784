"""Facebook: plain OAuth2, and who it was is asked of the Graph API.

Graph answers only with a proof that the token and our secret belong together, so a token that another app was given opens
nothing. It does not say whether an address is verified, so none is.
"""

import hashlib
import hmac
from collections.abc import Mapping

from services.auth.arrivals import Arrival
from services.auth.errors import AnswerUntrusted
from services.auth.providers import outward
from services.auth.providers.journey import Journey
from services.auth.settings import Settings

NAME = "facebook"
ISSUER = "https://www.facebook.com"  # what identities are kept under, wherever Graph is asked
SCOPE = "email public_profile"
FIELDS = "id,name,email"


def of(settings: Settings) -> "Facebook | None":
    """Facebook, where its app is set."""
    secret = settings.facebook_client_secret
    if not settings.facebook_client_id or secret is None:
        return None
    return Facebook(
        settings.facebook_client_id,
        secret.get_secret_value(),
        url=settings.facebook_url.rstrip("/"),
        graph_url=settings.facebook_graph_url.rstrip("/"),
    )


class Facebook:
    """Facebook Login. Addresses without a version are the oldest that Facebook still serves to the app."""

    posts_back = False

    def __init__(self, client_id: str, client_secret: str, *, url: str, graph_url: str) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._url = url
        self._graph_url = graph_url

    def departure(self, journey: Journey, state: str) -> str:
        """Where to send the browser."""
        with outward.client(self._client_id, "", scope=SCOPE, callback=journey.callback) as speaking:
            url, _ = speaking.create_authorization_url(f"{self._url}/dialog/oauth", state=state, code_verifier=journey.verifier)
        return str(url)

    def arrival(self, journey: Journey, answer: Mapping[str, str]) -> Arrival:
        """Who came back. Raises ProviderUnavailable, ProviderRefused, AnswerUntrusted."""
        with outward.client(self._client_id, self._client_secret, scope=SCOPE, callback=journey.callback) as speaking:
            found = outward.tokens(speaking, f"{self._graph_url}/oauth/access_token", journey, answer)
            token = str(found.get("access_token", ""))
            proof = hmac.new(self._client_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            me = outward.document(NAME, f"{self._graph_url}/me", speaking, fields=FIELDS, appsecret_proof=proof)
        subject = me.get("id")
        if not isinstance(subject, str) or not subject.isascii() or not subject.isdigit():
            raise AnswerUntrusted(provider=NAME)
        return Arrival(
            issuer=ISSUER, subject=subject, provider=NAME, email=str(me.get("email", "")), name=str(me.get("name", ""))
        )
