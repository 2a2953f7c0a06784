"""Where an operator is careful: nobody signs in before their address is confirmed, and a link goes on to the app."""

import pytest

from tests import mails, people
from tests.auth.test_confirming import CONFIRM, magic_secret
from tests.conftest import APP
from tests.people import PASSWORD
from tests.stack import Stack


def test_where_confirmation_is_required_nobody_signs_in_before(careful_stack: Stack) -> None:
    newcomer = people.nobody(careful_stack.url)
    made = {"email": "late@example.com", "password": PASSWORD}
    assert newcomer.post("/api/auth/register", made).status_code == 201

    right = newcomer.post("/api/auth/login", made)
    wrong = newcomer.post("/api/auth/login", made | {"password": "a wrong one"})
    token = mails.secret(mails.wait(careful_stack, "late@example.com", CONFIRM))
    newcomer.post("/api/auth/confirm", {"token": token})

    assert (right.status_code, right.json()["code"]) == (403, "email_unconfirmed")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert newcomer.post("/api/auth/login", made).status_code == 200
    newcomer.http.close()


@pytest.mark.parametrize(("redirect_to", "begins"), [("", f"{APP}?code="), (f"{APP}?from=tutti", f"{APP}?from=tutti&code=")])
def test_a_link_goes_on_to_the_app_with_a_code(careful_stack: Stack, redirect_to: str, begins: str) -> None:
    """SECURITY 17."""
    newcomer = people.nobody(careful_stack.url)
    newcomer.email = f"app-{len(begins)}@example.com"
    newcomer.post("/api/auth/register", {"email": newcomer.email, "password": PASSWORD})

    token = magic_secret(careful_stack, newcomer, **({"redirect_to": redirect_to} if redirect_to else {}))
    place = newcomer.post("/api/auth/magic-link/follow", {"token": token}).json()["location"]

    assert place.startswith(begins)
    exchanged = newcomer.post("/api/auth/token", {"code": place.removeprefix(begins)})
    assert exchanged.status_code == 200 and exchanged.json()["user"]["email"] == newcomer.email
    newcomer.http.close()


@pytest.mark.parametrize("place", ["https://evil.example", f"{APP}/", f"{APP}.evil.example", APP.upper(), f"{APP}#a", "//x"])
def test_a_link_goes_nowhere_else(careful_stack: Stack, place: str) -> None:
    """SECURITY 17."""
    with people.nobody(careful_stack.url).http as http:
        answer = http.post("/api/auth/magic-link", json={"email": "a@example.com", "redirect_to": place})

    assert (answer.status_code, answer.json()["code"]) == (400, "redirect_not_allowed")
