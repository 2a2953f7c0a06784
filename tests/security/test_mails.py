"""What a mail says is the operator's word, and what it confirms takes both its readers."""

import pytest

from shared import ids
from tests import mails
from tests.people import PASSWORD, Person
from tests.stack import Stack

HOSTILE = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}


def test_a_link_names_the_public_address_whatever_the_request_says(stack: Stack, alice: Person, nobody: Person) -> None:
    """SECURITY 13."""
    asked = nobody.post("/api/auth/request-password-reset", {"email": alice.email}, headers=HOSTILE)
    secret = mails.wait_for(stack, alice.email, "reset-password")

    assert asked.status_code == 202
    parts = [part.get_content() for part in mails.to(stack, alice.email)[-1].iter_parts()]
    assert len(parts) == 2 and all(secret in each and "evil.example" not in each for each in parts)
    assert nobody.post("/api/auth/reset-password", {"token": secret, "new_password": "another long one"}).status_code == 204


@pytest.mark.parametrize("first", ["old", "new"])
def test_an_address_changes_only_once_both_its_readers_have_confirmed(stack: Stack, alice: Person, first: str) -> None:
    """SECURITY 12."""
    old, new = alice.email, f"new-{ids.new()}@example.com"
    assert alice.post("/api/auth/change-email", {"new_email": new, "current_password": PASSWORD}).status_code == 202
    links = {"old": mails.wait_for(stack, old, "change-email-old"), "new": mails.wait_for(stack, new, "change-email-new")}
    second = "new" if first == "old" else "old"

    alice.post("/api/auth/change-email/confirm", {"token": links[first]})
    assert alice.get("/api/user/profile").json()["email"] == old
    again = alice.post("/api/auth/change-email/confirm", {"token": links[first]})
    assert again.status_code == 400 and alice.get("/api/user/profile").json()["email"] == old

    alice.post("/api/auth/change-email/confirm", {"token": links[second]})
    signed_in = alice.post("/api/auth/login", {"email": new, "password": PASSWORD})
    assert (signed_in.status_code, signed_in.json()["user"]["email"]) == (200, new)
    assert alice.post("/api/auth/login", {"email": old, "password": PASSWORD}).status_code == 401
