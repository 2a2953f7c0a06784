"""Chat with Me (seed 003): signing up and in, staying in on several devices, an avatar, accounts elsewhere."""

from collections.abc import Iterator

import pytest

from shared import ids
from tests import people
from tests.people import PASSWORD, Person
from tests.stack import Stack

TOKENS = {"access_token", "refresh_token", "token_type", "expires_in", "user"}
SIGN_IN = {"id", "device", "ip_address", "created_at", "last_used_at", "is_current"}


@pytest.fixture
def phone(stack: Stack, alice: Person) -> Iterator[Person]:
    """Alice again, on her phone."""
    person = people.nobody(stack.url)
    person.email, person.id = alice.email, alice.id
    person.http.headers["User-Agent"] = "Phone"
    people.sign_in(person)
    yield person
    person.http.close()


def test_the_client_signs_up_shows_a_face_stays_in_and_leaves(nobody: Person) -> None:
    email = f"chat-{ids.new()}@example.com"
    made = nobody.post("/api/auth/register", {"email": email, "password": PASSWORD, "name": "Mei"})
    assert made.status_code == 201

    signed_in = nobody.post("/api/auth/login", {"email": email, "password": PASSWORD}).json()
    assert signed_in.keys() == TOKENS
    nobody.http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
    shown = nobody.http.put("/api/user/profile", json={"avatar": "https://example.com/mei.png"}).json()
    assert (shown["name"], shown["email"], shown["avatar"]) == ("Mei", email, "https://example.com/mei.png")

    refreshed = nobody.post("/api/auth/refresh", {"refresh_token": signed_in["refresh_token"]}).json()
    assert refreshed.keys() == TOKENS
    nobody.http.headers["Authorization"] = f"Bearer {refreshed['access_token']}"
    assert nobody.post("/api/auth/logout").status_code == 204
    assert nobody.post("/api/auth/refresh", {"refresh_token": refreshed["refresh_token"]}).status_code == 401


def test_devices_are_listed_and_one_is_signed_out_from_another(alice: Person, phone: Person) -> None:
    listed = alice.get("/api/auth/sessions").json()
    assert len(listed) == 2 and all(each.keys() >= SIGN_IN for each in listed)
    assert [each["is_current"] for each in listed].count(True) == 1
    (theirs,) = [each for each in listed if each["device"] == "Phone"]

    assert alice.delete(f"/api/auth/sessions/{theirs['id']}").status_code == 204

    assert phone.post("/api/auth/refresh", {"refresh_token": phone.refresh_token}).status_code == 401
    assert [each["is_current"] for each in alice.get("/api/auth/sessions").json()] == [True]


def test_accounts_elsewhere_are_listed_and_a_provider_that_is_not_set_up_says_so(alice: Person) -> None:
    assert alice.get("/api/user/identities").json() == []

    for provider in ("facebook", "google", "apple"):
        begun = alice.http.get(f"/api/auth/oauth/{provider}", params={"redirect_to": "https://chat.example"})
        assert begun.status_code == 501, provider


def test_a_stranger_cannot_sign_out_a_device_or_see_any(alice: Person, bob: Person, nobody: Person) -> None:
    (hers,) = alice.get("/api/auth/sessions").json()

    assert bob.delete(f"/api/auth/sessions/{hers['id']}").status_code == 404
    assert nobody.get("/api/auth/sessions").status_code == nobody.get("/api/user/identities").status_code == 401
    assert hers["id"] not in bob.get("/api/auth/sessions").text
