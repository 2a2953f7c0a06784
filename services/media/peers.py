"""What media asks of other services: auth knows whose player it is that shows a key or an app password."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.media.errors import PlayerRefused
from shared.calls import Peer, PeerRefused, PeerUnavailable

Auth = Peer

NOT_LET_IN = frozenset({401, 422})  # unknown, or nothing that could be a credential


@dataclass(frozen=True, slots=True)
class Player:
    """A player that auth let in. `username` is what its owner is called there, if anything; `zone` an IANA name, or empty."""

    id: UUID
    name: str
    user_id: UUID
    username: str | None
    roles: tuple[str, ...]
    zone: str


def verify_player(auth: Auth, shown: dict[str, str], *, address: str) -> Player:
    """Whose player shows this: `api_key`, or `username` with `password`, or with Subsonic's `token` and `salt`.

    Raises PlayerRefused; PeerRefused with auth's own words after too many wrong ones; PeerUnavailable.
    """
    try:
        found: dict[str, Any] = auth.post("/players/verify", {**shown, "address": address})
    except PeerRefused as refused:
        if refused.status in NOT_LET_IN:
            raise PlayerRefused from refused
        if refused.status == 429:
            raise
        raise PeerUnavailable(peer="auth") from refused
    return Player(
        id=UUID(found["credential_id"]),
        name=found["name"],
        user_id=UUID(found["user_id"]),
        username=found["username"],
        roles=tuple(found["roles"]),
        zone=found["zoneinfo"],
    )
