"""Somebody shows that an address is theirs: to confirm it, to sign in by it, to change it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests import mails, people
from tests.people import PASSWORD, Person
from tests.stack import Stack

CONFIRM, MAGIC = "Confirm your address", "Your link to sign in"
OLD, NEW = "Confirm that your address changes", "Confirm your new address"


def profile(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = person.get("/api/user/profile").json()
    return found


def magic_secret(stack: Stack, person: Person, **more: str) -> str:
    assert person.post("/api/auth/magic-link", {"email": person.email} | more).status_code == 202
    return mails.secret(mails.wait(stack, person.email, MAGIC))


def confirm(stack: Stack, person: Person) -> None:
    token = mails.secret(mails.wait(stack, person.email, CONFIRM))
    assert person.post("/api/auth/confirm", {"token": token}).status_code == 204


def test_a_newcomer_confirms_their_address_once(stack: Stack, alice: Person, nobody: Person) -> None:
    assert profile(alice)["is_email_confirmed"] is False
    token = mails.secret(mails.wait(stack, alice.email, CONFIRM))

    first = nobody.post("/api/auth/confirm", {"token": token})
    second = nobody.post("/api/auth/confirm", {"token": token})

    assert (first.status_code, second.status_code) == (204, 400)
    assert profile(alice)["is_email_confirmed"] is True


def test_the_mail_is_sent_again_until_the_address_is_confirmed(stack: Stack, alice: Person) -> None:
    assert alice.post("/api/auth/resend", {"email": alice.email}).status_code == 202
    older, newer = (mails.secret(mails.wait(stack, alice.email, CONFIRM, number=number)) for number in (1, 2))

    assert alice.post("/api/auth/confirm", {"token": newer}).status_code == 204
    assert alice.post("/api/auth/confirm", {"token": older}).status_code == 400
    alice.post("/api/auth/resend", {"email": alice.email})
    magic_secret(stack, alice)  # its mail comes after any other
    assert len([mail for mail in mails.to(stack, alice.email) if mail["Subject"] == CONFIRM]) == 2


def test_a_link_signs_in_once(stack: Stack, alice: Person, nobody: Person) -> None:
    confirm(stack, alice)
    token = magic_secret(stack, alice)

    first = nobody.post("/api/auth/magic-link/redeem", {"token": token})
    second = nobody.post("/api/auth/magic-link/redeem", {"token": token})

    assert (first.status_code, second.status_code) == (200, 400)
    assert first.json()["user"]["id"] == str(alice.id)
    assert nobody.post("/api/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 200


def test_who_made_an_account_with_anothers_address_loses_it_to_whoever_reads_its_mail(stack: Stack, bob: Person) -> None:
    """SECURITY 15: Bob registered with an address that is not his; its owner signs in by mail."""
    reader = people.nobody(stack.url)
    token = magic_secret(stack, bob)

    assert reader.post("/api/auth/magic-link/redeem", {"token": token}).status_code == 200

    assert reader.post("/api/auth/login", {"email": bob.email, "password": PASSWORD}).status_code == 401
    assert reader.post("/api/auth/refresh", {"refresh_token": bob.refresh_token}).status_code == 401
    reader.http.close()


def race(stack: Stack, path: str, token: str) -> list[int]:
    def use(_: int) -> int:
        with people.nobody(stack.url).http as http:
            return http.post(path, json={"token": token}).status_code

    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(use, range(50)))


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("/api/auth/confirm", lambda stack, who: mails.secret(mails.wait(stack, who.email, CONFIRM))),
        ("/api/auth/magic-link/redeem", magic_secret),
        ("/api/auth/change-email/confirm", lambda stack, who: change(stack, who)[0]),
    ],
    ids=["confirm", "magic link", "change of address"],
)
def test_of_fifty_who_use_one_secret_one_wins(
    stack: Stack, alice: Person, path: str, secret: Callable[[Stack, Person], str]
) -> None:
    """SECURITY 9."""
    statuses = race(stack, path, secret(stack, alice))

    assert len([each for each in statuses if each < 300]) == 1 and statuses.count(400) == 49


def test_a_secret_is_good_for_its_own_purpose_alone(stack: Stack, alice: Person) -> None:
    """SECURITY 9, 20."""
    token = mails.secret(mails.wait(stack, alice.email, CONFIRM))

    for path, more in (
        ("magic-link/redeem", {}),
        ("magic-link/follow", {}),
        ("change-email/confirm", {}),
        ("reset-password", {"new_password": "a long enough phrase"}),
        ("accept-invitation", {"password": "a long enough phrase"}),
    ):
        assert alice.post(f"/api/auth/{path}", {"token": token} | more).status_code == 400, path
    assert alice.post("/api/auth/confirm", {"token": token}).status_code == 204


def change(stack: Stack, person: Person) -> tuple[str, str, str]:
    """The secrets of both sides and the new address."""
    wanted = f"new-{person.email}"
    answer = person.post("/api/auth/change-email", {"new_email": wanted, "current_password": PASSWORD})
    assert (answer.status_code, answer.content) == (202, b"")
    old, new = mails.wait(stack, person.email, OLD), mails.wait(stack, wanted, NEW)
    return mails.secret(old), mails.secret(new), wanted


@pytest.mark.parametrize("new_side_first", [False, True])
def test_an_address_changes_once_both_have_confirmed_it(stack: Stack, alice: Person, new_side_first: bool) -> None:
    """SECURITY 10, 12, 18."""
    old, new, wanted = change(stack, alice)
    alice.post("/api/auth/request-password-reset", {"email": alice.email})
    pending = mails.secret(mails.wait(stack, alice.email, "Choose a new password"))
    first, second = (new, old) if new_side_first else (old, new)

    one = alice.post("/api/auth/change-email/confirm", {"token": first})
    assert (one.status_code, one.json()) == (200, {"is_done": False}) and profile(alice)["email"] == alice.email
    other = alice.post("/api/auth/change-email/confirm", {"token": second})

    assert (other.status_code, other.json()) == (200, {"is_done": True})
    assert (profile(alice)["email"], profile(alice)["is_email_confirmed"]) == (wanted, True)
    for address in (alice.email, wanted):
        assert mails.wait(stack, address, "The address of your account was changed")
    reset = {"token": pending, "new_password": "a long enough phrase"}
    assert alice.post("/api/auth/reset-password", reset).status_code == 400


def test_a_change_begun_anew_makes_the_links_before_worthless(stack: Stack, alice: Person) -> None:
    old, new, _ = change(stack, alice)

    other = {"new_email": f"other-{alice.email}", "current_password": PASSWORD}
    assert alice.post("/api/auth/change-email", other).status_code == 202

    for token in (old, new):
        assert alice.post("/api/auth/change-email/confirm", {"token": token}).status_code == 400


def test_a_taken_new_address_is_answered_alike_and_its_owner_told(stack: Stack, alice: Person, bob: Person) -> None:
    """SECURITY 7."""
    answer = alice.post("/api/auth/change-email", {"new_email": bob.email, "current_password": PASSWORD})

    assert (answer.status_code, answer.content) == (202, b"")
    assert mails.wait(stack, bob.email, "You have an account already")
    token = mails.secret(mails.wait(stack, alice.email, OLD))
    assert alice.post("/api/auth/change-email/confirm", {"token": token}).json() == {"is_done": False}


def test_a_stranger_cannot_change_an_address(alice: Person, nobody: Person) -> None:
    """SECURITY 11."""
    wanted = {"new_email": "stranger@example.com", "current_password": PASSWORD}
    assert nobody.post("/api/auth/change-email", wanted).status_code == 401

    thief = alice.post("/api/auth/change-email", wanted | {"current_password": "a guess of a thief"})

    assert (thief.status_code, thief.json()["code"]) == (400, "current_password_wrong")
    assert alice.post("/api/auth/change-email", {"new_email": "stranger@example.com"}).status_code == 400


def test_without_an_app_the_link_stays_good(stack: Stack, alice: Person) -> None:
    token = magic_secret(stack, alice)

    answer = alice.post("/api/auth/magic-link/follow", {"token": token})

    assert (answer.status_code, answer.json()["code"]) == (409, "no_app_to_go_to")
    assert alice.post("/api/auth/magic-link/redeem", {"token": token}).status_code == 200
