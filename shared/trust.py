"""What a service needs of auth to know who is calling: its keys, its revocations, and the services it may speak to."""

from collections.abc import Mapping
from typing import Any

from shared.calls import Peer
from shared.config import Settings
from shared.identity import KeySet, Revocations, Verifier

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

    return Verifier(
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        max_lifetime_seconds=settings.access_token_seconds,
        keys=KeySet(keys),
        revocations=Revocations(revocations),
    )
