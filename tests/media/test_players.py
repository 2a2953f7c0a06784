"""Players, as media knows them: asked about once, known for a minute, out within five seconds of their removal."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from services.media.errors import PlayerRefused
from services.media.players import Players
from shared import ids
from shared.calls import Peer, PeerRefused
from shared.identity import POLL_SECONDS, Revocations
from tests import mails, people
from tests.people import Person
from tests.stack import Stack

ADDRESS = "192.0.2.9"
WITHIN_SECONDS = 5


class Counting(Peer):
    """Auth, and how often it was asked."""

    asked = 0

    def post(self, path: str, body: Any, **named: Any) -> Any:
        self.asked += 1
        return super().post(path, body, **named)


@pytest.fixture
def auth(stack: Stack) -> Iterator[Counting]:
    key = base64.b64decode(json.loads(stack.secret("media", "internal_keys"))["auth"])
    peer = Counting("media", "auth", url=stack.service_url("auth"), key=key)
    yield peer
    peer.close()


@pytest.fixture
def revocations(auth: Counting) -> Revocations:
    """Asked by hand, as each process does every two seconds."""
    asked = Revocations(lambda after: auth.get("/revocations", after=after))
    asked.poll()
    return asked


def added(person: Person) -> dict[str, Any]:
    player: dict[str, Any] = person.post("/api/user/players", {"name": "Phone"}).json()
    return player


def test_a_player_is_asked_about_once_a_minute(alice: Person, auth: Counting, revocations: Revocations) -> None:
    phone, players = added(alice), Players(auth, revocations)

    found = [players.let_in({"api_key": phone["api_key"]}, address=ADDRESS) for _ in range(20)]

    assert auth.asked == 1
    assert (found[0].player.name, str(found[0].player.id), found[0].caller.id) == ("Phone", phone["id"], alice.id)
    assert found[0].caller.session_id == found[0].player.id and 0 < found[0].caller.expires_at - time.time() <= 60


def test_a_removed_player_is_out_within_five_seconds(alice: Person, auth: Counting, revocations: Revocations) -> None:
    phone, players = added(alice), Players(auth, revocations)
    by_name = {"username": alice.email, "password": phone["app_password"]}
    for shown in ({"api_key": phone["api_key"]}, by_name):
        players.let_in(shown, address=ADDRESS)

    alice.delete(f"/api/user/players/{phone['id']}")
    started = time.monotonic()
    revocations.poll()
    for shown in ({"api_key": phone["api_key"]}, by_name):
        with pytest.raises(PlayerRefused):
            players.let_in(shown, address=ADDRESS)

    assert time.monotonic() - started + POLL_SECONDS < WITHIN_SECONDS


def test_whoever_first_reads_the_mail_ends_a_strangers_players(
    stack: Stack, alice: Person, auth: Counting, revocations: Revocations
) -> None:
    """Somebody registered the address of another, and let a player in before its owner came (pre-hijacking)."""
    phone, players = added(alice), Players(auth, revocations)
    players.let_in({"api_key": phone["api_key"]}, address=ADDRESS)

    alice.post("/api/auth/magic-link", {"email": alice.email})
    alice.post("/api/auth/magic-link/redeem", {"token": mails.wait_for(stack, alice.email, "magic-link")})
    revocations.poll()

    with pytest.raises(PlayerRefused):
        players.let_in({"api_key": phone["api_key"]}, address=ADDRESS)


def test_what_was_refused_is_asked_about_again(alice: Person, auth: Counting, revocations: Revocations) -> None:
    players = Players(auth, revocations)

    for shown in ({"api_key": "none"}, {"username": alice.email, "token": "t", "salt": "s"}, {"username": "u"}):
        with pytest.raises(PlayerRefused):
            players.let_in(shown, address=ADDRESS)

    phone = added(alice)
    assert players.let_in({"api_key": phone["api_key"]}, address=ADDRESS).caller.id == alice.id


def test_somebody_who_signs_out_everywhere_keeps_their_players(alice: Person, auth: Counting, revocations: Revocations) -> None:
    phone, players = added(alice), Players(auth, revocations)
    players.let_in({"api_key": phone["api_key"]}, address=ADDRESS)

    alice.delete("/api/auth/sessions?all=true")
    revocations.poll()

    assert players.let_in({"api_key": phone["api_key"]}, address=ADDRESS).caller.id == alice.id


def test_who_guesses_is_told_to_wait(alice: Person, auth: Counting, revocations: Revocations) -> None:
    players, refusals = Players(auth, revocations), []

    for number in range(22):
        try:
            players.let_in({"username": alice.email, "password": f"guess {number}"}, address=ADDRESS)
        except (PlayerRefused, PeerRefused) as refused:
            refusals.append(refused.status)

    assert refusals == [401] * 20 + [429] * 2


def test_a_stranger_cannot_pass_for_a_player_of_somebody_else(
    stack: Stack, alice: Person, auth: Counting, revocations: Revocations
) -> None:
    bob = people.sign_up(stack.url, f"bob-{ids.new().hex[-6:]}")
    theirs, players = added(bob), Players(auth, revocations)

    with pytest.raises(PlayerRefused):
        players.let_in({"username": alice.email, "password": theirs["app_password"]}, address=ADDRESS)

    bob.http.close()
