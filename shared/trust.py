"""What a service needs of auth to know who is calling: its keys, its revocations, and the services it may speak to."""

from collections.abc import Mapping
from typing import Any

from shared.calls import Peer, PeerRefused
from shared.config import Settings
from shared.foreign import REFUSALS, Exchange, Resolved
from shared.identity import KeySet, Revocations, TokenInvalid, Verifier

Peers = dict[str, Peer]


def peers(settings: Settings) -> Peers:
    """Every other service whose address and pair key this process was given, by name."""
    return {
        name: Peer(settings.service_name, name, url=url, key=settings.internal_keys[name])
        for name, url in settings.peer_urls.items()
        if name in settings.internal_keys
    }


def verifier(settings: Settings, auth: Peer) -> Verifier:
    """Verification by what auth publishes. The shell starts the polling when the process serves."""

    def keys() -> Mapping[str, Any]:
        found: dict[str, Any] = auth.get("/keys")
        return found

    def revocations(after: str) -> Mapping[str, Any]:
        found: dict[str, Any] = auth.get("/revocations", after=after)
        return found

    def resolve(token: str) -> Resolved:
        try:
            return Resolved.of(auth.post("/identities/resolve", {"token": token}))
        except PeerRefused as reason:
            raise REFUSALS.get(reason.peer_code, TokenInvalid) from reason

    published = KeySet(keys)
    return Verifier(
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        max_lifetime_seconds=settings.access_token_seconds,
        keys=published,
        revocations=Revocations(revocations),
        foreign=Exchange(resolve, published.foreign),
    )
