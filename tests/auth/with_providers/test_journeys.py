"""Signing in with Google, Apple and Facebook: an independent OpenID provider (npm `oidc-provider`) and a small Facebook,
reached by a browser that sends its cookies as browsers do.
"""

import pytest

from shared import ids
from tests.auth import outside
from tests.auth.outside import APP, PUBLIC, Browser, Others
from tests.auth.with_providers.grace import email_of, signed_in_by, somebody, start
from tests.people import Person
from tests.stack import Stack


@pytest.mark.parametrize("provider", ["google", "apple"])
def test_somebody_new_signs_in_and_has_an_account(provider: str, others: Others, browser: Browser, nobody: Person) -> None:
    subject = somebody(others, provider)

    told = browser.sign_in(provider, subject)

    assert told.keys() == {"code"} and browser.cookies == {}
    grace = signed_in_by(nobody, told["code"])
    profile = grace.get("/api/user/profile").json()
    assert profile["email"] == email_of(subject)
    [identity] = grace.get("/api/user/identities").json()
    assert (identity["provider"], identity["issuer"]) == (provider, getattr(others, provider))


def test_google_tells_the_name_and_the_same_person_comes_back_to_the_same_account(
    others: Others, browser: Browser, another_browser: Browser, nobody: Person
) -> None:
    subject = somebody(others)
    first = signed_in_by(nobody, browser.sign_in("google", subject)["code"])
    others.know("google", subject, email=f"{ids.new()}@example.com", email_verified=True)  # the address is another one now

    second = signed_in_by(nobody, another_browser.sign_in("google", subject)["code"])

    assert first.id == second.id and second.get("/api/user/profile").json()["name"] == "Grace Hopper"


def test_apple_tells_the_name_once_beside_its_token(others: Others, browser: Browser, nobody: Person) -> None:
    subject = somebody(others, "apple")
    back = browser.as_far_as_tutti(f"{PUBLIC}/api/auth/oauth/apple?redirect_to={APP}", subject)
    assert isinstance(back, tuple) and back[1] is not None
    form = back[1] | {"user": '{"name": {"firstName": "Grace\\n", "lastName": "Hopper"}, "email": "other@example.com"}'}

    there = browser.come_back(back[0], form)

    assert isinstance(there, str)
    profile = signed_in_by(nobody, outside.told(there)["code"]).get("/api/user/profile").json()
    assert (profile["name"], profile["email"]) == ("Grace Hopper", email_of(subject))


def test_facebook_signs_in_too_and_its_address_counts_as_unproved(others: Others, browser: Browser, nobody: Person) -> None:
    subject = somebody(others, "facebook")

    grace = signed_in_by(nobody, browser.sign_in("facebook", subject)["code"])

    assert grace.email.endswith("@facebook.invalid")
    assert grace.get("/api/user/identities").json()[0]["email"] == email_of(subject)


def test_a_phones_app_is_sent_to_its_own_scheme(others: Others, browser: Browser) -> None:
    told = browser.sign_in("google", somebody(others), redirect_to=outside.APP_OF_PHONES)

    assert told.keys() == {"code"}


def test_two_tabs_do_not_meet(others: Others, browser: Browser) -> None:
    subject = somebody(others)
    first = browser.as_far_as_tutti(start(), subject)
    second = browser.as_far_as_tutti(start(), subject)
    assert isinstance(first, tuple) and isinstance(second, tuple)

    ends = [browser.come_back(*second), browser.come_back(*first)]

    assert all(isinstance(end, str) and outside.told(end).keys() == {"code"} for end in ends)


def test_the_provider_is_told_what_it_must_be(browser: Browser, stack: Stack) -> None:
    """SECURITY 16, 82: PKCE S256, state, nonce; the cookie. The Host header says nothing."""
    answer = browser.tutti.get(
        f"{stack.url}/api/auth/oauth/google?redirect_to={APP}", headers={"X-Forwarded-Host": "evil.example"}
    )
    asked = outside.told(answer.headers["location"])

    assert asked["redirect_uri"] == f"{PUBLIC}/api/auth/oauth/google/callback"
    assert (asked["response_type"], asked["code_challenge_method"], len(asked["code_challenge"])) == ("code", "S256", 43)
    assert len(asked["state"]) >= 43 and len(asked["nonce"]) >= 43
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-tutti_oauth_") and asked["state"] not in cookie
    assert "Secure; HttpOnly; Path=/; SameSite=Lax" in cookie and "Domain" not in cookie
    assert answer.headers["cache-control"] == "no-store" and answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "https://app.example/signed-in",  # without the query that is listed
        APP + "&x=1",
        APP + "/",
        APP.upper(),
        APP.replace("https", "http"),
        "https://app.example.evil.example/signed-in?lang=de",
        "https://app.example@evil.example/signed-in?lang=de",
        "//app.example/signed-in?lang=de",
        "",
        ",",
        "javascript:alert(1)",
    ],
)
def test_a_browser_is_sent_nowhere_else(place: str, browser: Browser) -> None:
    """SECURITY 17."""
    answer = browser.start("google", redirect_to=place)

    assert (answer.status_code, answer.json()["code"]) == (400, "redirect_not_allowed")
    assert "location" not in answer.headers


def test_a_connection_sends_no_browser_elsewhere_either(alice: Person) -> None:
    """SECURITY 17."""
    refused = alice.post("/api/user/identities/google", {"redirect_to": "https://evil.example/"})

    assert (refused.status_code, refused.json()["code"]) == (400, "redirect_not_allowed")


def test_a_beginning_that_makes_no_sense_is_refused(browser: Browser) -> None:
    assert browser.start("google", code_challenge="short").status_code == 422
    assert browser.start("google", code_challenge_method="plain").status_code == 422
    assert browser.start("google", user_id=str(ids.new())).status_code == 422
    assert browser.tutti.get(f"{browser.url}/api/auth/oauth/google").status_code == 422
    assert browser.start("myspace").status_code == 404
