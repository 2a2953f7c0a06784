"""Connecting a provider to an account, and disconnecting it."""

from concurrent.futures import ThreadPoolExecutor

import httpx2

from shared import ids
from tests.auth import outside
from tests.auth.outside import APP, Browser, Others
from tests.auth.with_providers.grace import CONNECTION, confirm, connected, exchanged, signed_in_by, somebody, wait_for_subject
from tests.people import Person
from tests.stack import Stack


def test_a_provider_is_connected_while_signed_in_and_opens_the_account_from_then_on(
    others: Others, browser: Browser, another_browser: Browser, stack: Stack, alice: Person, nobody: Person
) -> None:
    confirm(stack, alice)
    subject = somebody(others, "facebook")

    assert connected(browser, alice, "facebook", subject).status_code == 204

    assert signed_in_by(nobody, another_browser.sign_in("facebook", subject)["code"]).id == str(alice.id)
    wait_for_subject(stack, alice.email, "Facebook now opens your account")


def test_a_stranger_cannot_connect_or_see_or_disconnect_what_is_not_theirs(
    others: Others, browser: Browser, another_browser: Browser, stack: Stack, alice: Person, bob: Person, nobody: Person
) -> None:
    """SECURITY 15, 16: nobody is sent through somebody else's journey, and an identity opens one account."""
    confirm(stack, alice)
    confirm(stack, bob)
    subject = somebody(others)
    there = browser.go(alice.post("/api/user/identities/google", CONNECTION).json()["url"], subject)
    assert isinstance(there, str)

    assert bob.post("/api/user/identities", {"code": outside.told(there)["link_code"]}).status_code == 400
    assert connected(another_browser, alice, "google", subject).status_code == 204
    refused = connected(Browser(stack.url), bob, "google", subject)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity_taken")
    [hers] = alice.get("/api/user/identities").json()
    assert bob.get("/api/user/identities").json() == []
    gone = bob.delete(f"/api/user/identities/{hers['id']}")
    assert gone.status_code == 404 and gone.content == bob.delete(f"/api/user/identities/{ids.new()}").content
    assert nobody.get("/api/user/identities").status_code == 401
    assert nobody.post("/api/user/identities/google", CONNECTION).status_code == 401


def test_a_stolen_token_connects_nothing(alice: Person) -> None:
    wrong = alice.post("/api/user/identities/google", {"redirect_to": APP, "current_password": "not that one"})
    none = alice.post("/api/user/identities/google", {"redirect_to": APP})

    assert [each.json()["code"] for each in (wrong, none)] == ["current_password_wrong"] * 2


def test_a_ticket_is_good_once(others: Others, browser: Browser, another_browser: Browser, alice: Person) -> None:
    url = alice.post("/api/user/identities/google", CONNECTION).json()["url"]
    subject = somebody(others)

    assert isinstance(browser.go(url, subject), str)

    again = another_browser.go(url, subject)
    assert isinstance(again, httpx2.Response) and again.json()["code"] == "one_time_token_invalid"


def test_a_link_code_signs_nobody_in_and_a_sign_in_code_connects_nothing(
    others: Others, browser: Browser, another_browser: Browser, stack: Stack, alice: Person, nobody: Person
) -> None:
    """SECURITY 20: each secret has one purpose."""
    confirm(stack, alice)
    there = browser.go(alice.post("/api/user/identities/google", CONNECTION).json()["url"], somebody(others))
    assert isinstance(there, str)

    assert exchanged(nobody, outside.told(there)["link_code"]).status_code == 400
    code = another_browser.sign_in("google", somebody(others))["code"]
    assert alice.post("/api/user/identities", {"code": code}).status_code == 400


def test_the_last_way_in_stays_and_any_other_is_disconnected(
    others: Others, browser: Browser, another_browser: Browser, nobody: Person
) -> None:
    subject = somebody(others)
    grace = signed_in_by(nobody, browser.sign_in("google", subject)["code"])
    [google] = grace.get("/api/user/identities").json()

    kept = grace.delete(f"/api/user/identities/{google['id']}")

    assert (kept.status_code, kept.json()["code"]) == (409, "last_way_in")
    assert connected(another_browser, grace, "facebook", somebody(others, "facebook")).status_code == 204
    assert grace.delete(f"/api/user/identities/{google['id']}").status_code == 204
    assert [each["provider"] for each in grace.get("/api/user/identities").json()] == ["facebook"]


def test_of_two_ways_in_removed_at_once_one_stays(
    others: Others, browser: Browser, another_browser: Browser, nobody: Person
) -> None:
    grace = signed_in_by(nobody, browser.sign_in("google", somebody(others))["code"])
    assert connected(another_browser, grace, "facebook", somebody(others, "facebook")).status_code == 204
    both = [each["id"] for each in grace.get("/api/user/identities").json()]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda each: grace.delete(f"/api/user/identities/{each}").status_code, both))

    assert sorted(answers) == [204, 409]
