"""Players: let in by credentials of their own, told apart, taken back within five seconds."""

import base64
import hashlib
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from shared import db, identity, ids
from tests import mails, people
from tests.people import PASSWORD, Person
from tests.stack import Stack

PLAYERS = "/api/user/players"
SALT = "c19b2d"


def added(person: Person, name: str = "Phone") -> dict[str, Any]:
    answer = person.post(PLAYERS, {"name": name})
    assert answer.status_code == 201, answer.text
    player: dict[str, Any] = answer.json()
    return player


def verify(stack: Stack, **shown: str) -> httpx2.Response:
    """What auth answers to media."""
    key = base64.b64decode(json.loads(stack.secret("media", "internal_keys"))["auth"])
    token = identity.sign_internal(caller="media", audience="auth", key=key, user_id=None, session_id=None)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.post(f"{stack.service_url('auth')}/internal/players/verify", json=shown, headers=headers, timeout=30)


def salted(app_password: str, salt: str = SALT) -> dict[str, str]:
    """Subsonic's token."""
    return {"token": hashlib.md5((app_password + salt).encode()).hexdigest(), "salt": salt}


def test_a_player_is_added_shown_once_and_listed_without_its_secrets(alice: Person) -> None:
    """SECURITY 29: the key has 256 bits, the app password 113."""
    phone = added(alice)

    listed = alice.get(PLAYERS).json()

    assert phone.keys() == {"id", "name", "api_key", "app_password", "created_at"} and phone["name"] == "Phone"
    assert re.fullmatch(r"tutti_[A-Za-z0-9_-]{43}", phone["api_key"])
    assert re.fullmatch(r"([a-hjkmnp-z]{5}-){4}[a-hjkmnp-z]{5}", phone["app_password"])
    assert listed == [{"id": phone["id"], "name": "Phone", "created_at": phone["created_at"], "last_used_at": None}]


def test_each_player_has_secrets_of_its_own_the_newest_is_listed_first(alice: Person) -> None:
    players = [added(alice, name) for name in ("Phone", "Car")]

    assert players[0]["api_key"] != players[1]["api_key"] and players[0]["app_password"] != players[1]["app_password"]
    assert [each["name"] for each in alice.get(PLAYERS).json()] == ["Car", "Phone"]


def test_a_repetition_keeps_no_secret_for_later(alice: Person) -> None:
    """Kept answers would be secrets at rest, so this one is not kept."""
    headers = {"Idempotency-Key": str(ids.new())}

    first, again = (alice.post(PLAYERS, {"name": "Phone"}, headers=headers).json() for _ in range(2))

    assert first["id"] != again["id"]


def test_a_key_tells_whose_it_is(stack: Stack, nobody: Person) -> None:
    name = f"Clara{ids.new().hex[-10:]}"
    clara = {"email": f"{name}@example.com", "password": PASSWORD}
    registered = nobody.post("/api/register", {**clara, "username": name, "time_zone": "Europe/Vienna"}).json()
    login = nobody.post("/api/auth/login", {"email": name, "password": PASSWORD}).json()
    nobody.http.headers["Authorization"] = f"Bearer {login['access_token']}"
    phone = added(nobody)

    answer = verify(stack, api_key=phone["api_key"])

    assert answer.status_code == 200
    assert answer.json() == {
        "user_id": registered["user"]["id"],
        "username": name,
        "roles": ["user"],
        "zoneinfo": "Europe/Vienna",
        "credential_id": phone["id"],
        "name": "Phone",
    }
    assert nobody.get(PLAYERS).json()[0]["last_used_at"].endswith("Z")


def test_an_app_password_lets_in_typed_in_any_way_and_as_subsonics_token(stack: Stack, alice: Person) -> None:
    added(alice, "Car")
    phone, name = added(alice), alice.email.upper()
    shown, bare = phone["app_password"], phone["app_password"].replace("-", "")
    ways = [{"password": shown}, {"password": bare.upper()}, {"password": f" {shown.replace('-', ' ')}"}]
    ways += [salted(shown), salted(bare), {"token": salted(shown)["token"].upper(), "salt": SALT}, salted(shown, "")]

    answers = [verify(stack, username=name, **way) for way in ways]

    assert [answer.status_code for answer in answers] == [200] * len(ways)
    assert {answer.json()["credential_id"] for answer in answers} == {phone["id"]}


@pytest.mark.parametrize("way", ["password", "token"])
def test_the_password_of_the_account_lets_no_player_in(stack: Stack, alice: Person, way: str) -> None:
    phone = added(alice)
    shown = {"password": PASSWORD} if way == "password" else salted(PASSWORD)

    assert verify(stack, username=alice.email, **shown).json()["code"] == "player_unknown"
    for secret in (phone["app_password"], phone["api_key"]):
        assert alice.post("/api/auth/login", {"email": alice.email, "password": secret}).status_code == 401
        assert alice.get(PLAYERS, headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_what_belongs_to_nobody_is_refused_alike(stack: Stack, alice: Person, bob: Person) -> None:
    """SECURITY 7."""
    phone, theirs = added(alice), added(bob)
    wrong = [
        verify(stack, username=alice.email, password="not that one"),
        verify(stack, username=alice.email, password=""),
        verify(stack, username=alice.email, token="", salt=""),
        verify(stack, username=alice.email, password=theirs["app_password"]),
        verify(stack, username=bob.email, **salted(phone["app_password"])),
        verify(stack, username=f"{ids.new()}@example.com", password=phone["app_password"]),
        verify(stack, username="", password=""),
        verify(stack, api_key=""),
        verify(stack, api_key=phone["api_key"][:-1]),
        verify(stack, api_key=phone["app_password"]),
    ]

    assert {(each.status_code, each.content) for each in wrong} == {(401, wrong[0].content)}
    assert wrong[0].json()["code"] == "player_unknown"


@pytest.mark.parametrize(
    "shown",
    [
        {},  # nothing
        {"api_key": "k", "username": "u"},  # Subsonic's error 43
        {"username": "u"},  # no proof
        {"username": "u", "token": "t"},  # no salt
        {"username": "u", "password": "p", "token": "t", "salt": "s"},  # which of them?
        {"username": "u", "password": "\x00"},  # no text
        {"api_key": "k", "user_id": "1"},  # not for the caller to say
        {"api_key": "k" * 256},  # no key is so long
    ],
)
def test_what_makes_no_sense_is_malformed(stack: Stack, shown: dict[str, str]) -> None:
    assert verify(stack, **shown).status_code == 422


def test_wrong_guesses_are_slowed_and_the_owners_players_never(stack: Stack, alice: Person) -> None:
    phone = added(alice)

    def guess(number: int, address: str = "192.0.2.7") -> int:
        return verify(stack, username=alice.email, password=f"guess {number}", address=address).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(30)))

    assert answers.count(401) == 20 and answers.count(429) == 10
    assert guess(31, address="192.0.2.8") == 401
    right = [{"api_key": phone["api_key"]}, {"username": alice.email, **salted(phone["app_password"])}]
    assert [verify(stack, **each, address="192.0.2.7").status_code for each in right] == [200, 200]


def test_a_removed_player_is_out_and_its_revocation_names_it(stack: Stack, alice: Person) -> None:
    phone, car = added(alice), added(alice, "Car")

    assert alice.delete(f"{PLAYERS}/{phone['id']}").status_code == 204

    assert verify(stack, api_key=phone["api_key"]).status_code == 401
    assert verify(stack, username=alice.email, **salted(phone["app_password"])).status_code == 401
    assert verify(stack, api_key=car["api_key"]).status_code == 200
    assert alice.delete(f"{PLAYERS}/{phone['id']}").status_code == 404
    assert [each["id"] for each in alice.get(PLAYERS).json()] == [car["id"]]
    engine = stack.engine("auth-worker")
    with db.transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM revocations WHERE session_id = :id"), {"id": phone["id"]}) == 1
    engine.dispose()


def test_a_disabled_account_has_no_players(stack: Stack, alice: Person) -> None:
    """SECURITY 8."""
    phone, engine = added(alice), stack.engine("auth-worker")
    with db.transaction(engine) as session:
        session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": alice.id})
    engine.dispose()

    assert verify(stack, api_key=phone["api_key"]).status_code == 401
    assert verify(stack, username=alice.email, password=phone["app_password"]).status_code == 401


def test_there_are_fifty_at_most_even_all_at_once(stack: Stack, alice: Person) -> None:
    engine = stack.engine("auth-worker")
    columns, values = "id, user_id, name, key_digest, app_password", ":id, :user_id, :name, :digest, ''"
    one = f"INSERT INTO player_credentials ({columns}) VALUES ({values})"
    with db.transaction(engine) as session:
        for number in range(47):
            row = {"id": ids.new(), "user_id": alice.id, "digest": str(ids.new()).encode(), "name": f"{number}"}
            session.execute(text(one), row)
    engine.dispose()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: alice.post(PLAYERS, {"name": "Phone"}), range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert len(alice.get(PLAYERS).json()) == 50


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", 7, None])
def test_a_player_needs_a_name(alice: Person, name: Any) -> None:
    assert alice.post(PLAYERS, {"name": name}).status_code == 422
    assert alice.post(PLAYERS, {"name": "Phone", "api_key": "mine"}).status_code == 422


def test_a_sign_in_that_is_over_adds_no_player(alice: Person) -> None:
    """An access token that still counts for some seconds is no way to stay for ever."""
    token = alice.token
    alice.post("/api/auth/logout")

    assert alice.post(PLAYERS, {"name": "Phone"}, headers={"Authorization": f"Bearer {token}"}).status_code in {401, 403}
    people.sign_in(alice)
    assert alice.get(PLAYERS).json() == []


def test_a_stranger_cannot_see_or_remove_or_add_a_player(stack: Stack, alice: Person, bob: Person, nobody: Person) -> None:
    phone = added(alice)

    assert bob.get(PLAYERS).json() == []
    theirs, none = bob.delete(f"{PLAYERS}/{phone['id']}"), bob.delete(f"{PLAYERS}/{ids.new()}")
    assert (theirs.status_code, theirs.content) == (none.status_code, none.content) == (404, none.content)
    calls = [nobody.get(PLAYERS), nobody.post(PLAYERS, {"name": "x"}), nobody.delete(f"{PLAYERS}/{phone['id']}")]
    assert [each.status_code for each in calls] == [401] * 3
    assert verify(stack, api_key=phone["api_key"]).status_code == 200


def test_players_are_verified_for_services_alone(stack: Stack, alice: Person) -> None:
    shown, path = {"api_key": added(alice)["api_key"]}, "/internal/players/verify"
    direct = httpx2.post(f"{stack.service_url('auth')}{path}", json=shown, headers={"Authorization": f"Bearer {alice.token}"})

    assert (alice.post(path, shown).status_code, direct.status_code) == (404, 401)


def test_keys_are_digests_and_app_passwords_sealed(stack: Stack, alice: Person) -> None:
    phone, engine = added(alice), stack.engine("auth-worker")
    with db.transaction(engine) as session:
        row = session.execute(text("SELECT * FROM player_credentials WHERE id = :id"), {"id": phone["id"]}).one()
    engine.dispose()

    assert bytes(row.key_digest) == hashlib.sha256(phone["api_key"].encode()).digest()
    for secret in (phone["app_password"], phone["app_password"].replace("-", "")):
        assert secret.encode() not in bytes(row.app_password)


def test_a_copied_app_password_opens_nothing_elsewhere(stack: Stack, alice: Person, bob: Person) -> None:
    """Sealed to its row and user: whoever writes to the table cannot lend a player of theirs another person's name."""
    mine, theirs, engine = added(bob), added(alice), stack.engine("auth-worker")
    with db.transaction(engine) as session:
        copy = "UPDATE player_credentials SET app_password = (SELECT app_password FROM player_credentials WHERE id = :mine)"
        session.execute(text(f"{copy} WHERE id = :theirs"), {"mine": mine["id"], "theirs": theirs["id"]})
    engine.dispose()

    assert verify(stack, username=alice.email, password=mine["app_password"]).status_code == 401
    assert verify(stack, username=alice.email, password=added(alice)["app_password"]).status_code == 200


def test_its_owner_is_told(stack: Stack, alice: Person) -> None:
    added(alice, "Phone in the kitchen")

    deadline = time.monotonic() + mails.WITHIN_SECONDS
    while not any("Phone in the kitchen" in mail.as_string() for mail in mails.to(stack, alice.email)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
