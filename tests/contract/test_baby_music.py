"""Baby Music AI (seed 000): e-mail and password, the confirmation mail, a token for the rest; its profile names a time zone."""

from collections.abc import Iterator

import jwt
import pytest

from shared import ids
from tests import mails, people
from tests.people import PASSWORD, Person
from tests.stack import Stack

TOKENS = {"access_token", "refresh_token", "token_type", "expires_in", "user"}
USER = {"id", "username", "email", "role"}


@pytest.fixture
def parent(nobody: Person) -> Person:
    """Somebody with an address and no account yet."""
    nobody.email = f"parent-{ids.new()}@example.com"
    return nobody


@pytest.fixture
def careful_parent(careful_stack: Stack) -> Iterator[Person]:
    """The same where addresses are confirmed before anybody signs in."""
    person = people.nobody(careful_stack.url)
    person.email = f"parent-{ids.new()}@example.com"
    yield person
    person.http.close()


def zone_of(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["zoneinfo"])


def test_the_client_registers_confirms_signs_in_stays_in_and_leaves(stack: Stack, parent: Person) -> None:
    registered = parent.post("/api/auth/register", {"email": parent.email, "password": PASSWORD})
    assert (registered.status_code, registered.json().keys()) == (201, {"user"})
    assert registered.json()["user"].keys() == USER

    confirmed = parent.post("/api/auth/confirm", {"token": mails.wait_for(stack, parent.email, "confirm-email")})
    assert confirmed.status_code == 204

    signed_in = parent.post("/api/auth/login", {"email": parent.email, "password": PASSWORD})
    assert (signed_in.status_code, signed_in.json().keys()) == (200, TOKENS)
    assert signed_in.json()["user"] == registered.json()["user"]
    parent.http.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
    assert (parent.get("/api/user/profile").json()["is_email_confirmed"], parent.get("/files").status_code) == (True, 200)

    told = {"time_zone": "Asia/Kolkata", "preferences": {"baby_name": "Mira", "preferred_language": "hi", "age_group": "0-6"}}
    profile = parent.http.put("/api/user/profile", json=told)
    assert profile.status_code == 200 and told.items() <= profile.json().items()

    refreshed = parent.post("/api/auth/refresh", {"refresh_token": signed_in.json()["refresh_token"]})
    assert (refreshed.status_code, refreshed.json().keys()) == (200, TOKENS)
    assert zone_of(refreshed.json()["access_token"]) == "Asia/Kolkata"

    parent.http.headers["Authorization"] = f"Bearer {refreshed.json()['access_token']}"
    left = parent.post("/api/auth/logout", {"refresh_token": refreshed.json()["refresh_token"]})
    assert (left.status_code, left.content) == (204, b"")
    assert parent.post("/api/auth/refresh", {"refresh_token": refreshed.json()["refresh_token"]}).status_code == 401


def test_where_addresses_are_confirmed_first_the_mail_opens_the_door(careful_stack: Stack, careful_parent: Person) -> None:
    parent, credentials = careful_parent, {"email": careful_parent.email, "password": PASSWORD}
    assert parent.post("/api/auth/register", credentials).status_code == 201
    refused = parent.post("/api/auth/login", credentials)
    assert (refused.status_code, refused.json()["code"]) == (403, "email_unconfirmed")
    first = mails.wait_for(careful_stack, parent.email, "confirm-email")

    assert parent.post("/api/auth/resend", {"email": parent.email}).status_code == 202
    second = mails.wait_for(careful_stack, parent.email, "confirm-email", besides=first)

    assert parent.post("/api/auth/confirm", {"token": second}).status_code == 204
    assert parent.post("/api/auth/login", credentials).status_code == 200


def test_a_link_in_a_mail_signs_in_once(stack: Stack, alice: Person, nobody: Person) -> None:
    confirmed = nobody.post("/api/auth/confirm", {"token": mails.wait_for(stack, alice.email, "confirm-email")})
    assert confirmed.status_code == 204
    assert nobody.post("/api/auth/magic-link", {"email": alice.email}).status_code == 202
    link = {"token": mails.wait_for(stack, alice.email, "magic-link")}

    first, second = nobody.post("/api/auth/magic-link/redeem", link), nobody.post("/api/auth/magic-link/redeem", link)

    assert (first.status_code, first.json().keys()) == (200, TOKENS) and first.json()["user"]["id"] == str(alice.id)
    assert second.status_code == 400


def test_a_forgotten_password_is_replaced_by_mail(stack: Stack, alice: Person, nobody: Person) -> None:
    assert nobody.post("/api/auth/request-password-reset", {"email": alice.email}).status_code == 202
    link = {"token": mails.wait_for(stack, alice.email, "reset-password")}

    assert nobody.post("/api/auth/reset-password", link | {"new_password": "another long one"}).status_code == 204

    assert nobody.post("/api/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 401
    assert nobody.post("/api/auth/login", {"email": alice.email, "password": "another long one"}).status_code == 200
    assert nobody.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).status_code == 401


@pytest.mark.parametrize("path", ["/api/user/profile", "/files", "/api/auth/sessions"])
def test_a_stranger_cannot_pass_without_a_token(nobody: Person, path: str) -> None:
    assert nobody.get(path).status_code == 401
