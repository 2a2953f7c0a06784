"""Players that show credentials with every request: verified by auth, and then known for a minute at most.

What is known here dies with its player as an access token dies with its sign-in: auth names both in one list of revocations.
A player that salts each request anew (Subsonic's token) is verified each time; one with a key, or with one salt, once a minute.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from services.media import peers
from services.media.peers import Auth, Player
from shared import json
from shared.identity import LEEWAY_SECONDS, Caller, Revocations

KNOWN_SECONDS = 60
KNOWN_AT_MOST = 10_000
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class LetIn:
    """A player, and the caller that it stands for: no administrator, whoever owns it."""

    player: Player
    caller: Caller


class Players:
    """Who was let in of late. Threads share it."""

    def __init__(self, auth: Auth, revocations: Revocations) -> None:
        self._auth = auth
        self._revocations = revocations
        self._known: OrderedDict[bytes, LetIn] = OrderedDict()
        self._lock = threading.Lock()

    def let_in(self, shown: dict[str, str], *, address: str) -> LetIn:
        """The player that shows this, as `peers.verify_player` reads it. Raises as that does."""
        key = hashlib.sha256(json.dumps(sorted(shown.items()))).digest()
        known = self._known.get(key)
        if known and known.caller.expires_at > time.time() and not self._revocations.covers(known.caller):
            return known
        # From before it is asked, less what clocks differ: what is revoked meanwhile covers it.
        asked_at = int(time.time())
        found = _let_in(peers.verify_player(self._auth, shown, address=address), asked_at)
        with self._lock:
            self._known[key] = found
            self._known.move_to_end(key)
            while len(self._known) > KNOWN_AT_MOST:
                self._known.popitem(last=False)
        return found


def _let_in(player: Player, asked_at: int) -> LetIn:
    roles = tuple(role for role in player.roles if role != ADMIN)
    issued_at, expires_at = asked_at - LEEWAY_SECONDS, asked_at + KNOWN_SECONDS
    return LetIn(player, Caller(player.user_id, player.id, roles, player.zone, issued_at=issued_at, expires_at=expires_at))
