"""Signing in with Google, Apple and Facebook: an independent OpenID provider (npm `oidc-provider`) and a small Facebook,
reached by a browser that sends its cookies as browsers do.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sqlalchemy import text

from shared import db, ids
from tests import mails, people
from tests.auth import outside, test_second_factor
from tests.auth.outside import APP, PUBLIC, Browser, Others
from tests.people import PASSWORD, Person
from tests.stack import Stack

CONNECTION = {"redirect_to": APP, "current_password": PASSWORD}  # who has none is not asked for it
LIES = (
    "nonce",
    "no nonce",
    "audience",
    "audiences",
    "issuer",
    "expired",
    "no expiry",
    "old",
    "no subject",
    "another key",
    "no signature",
    "public key as secret",
    "its own key",
    "garbage",
    "nothing",
)


@pytest.fixture(scope="module")
def others() -> Iterator[Others]:
    with outside.opened() as running:
        yield running


@pytest.fixture(scope="module")
def stack(others: Others, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Tutti that knows all three."""
    running = Stack(tmp_path_factory.mktemp("social"), **others.settings).start()
    yield running
    running.stop()


@pytest.fixture
def browser(stack: Stack) -> Iterator[Browser]:
    opened = Browser(stack.url)
    yield opened
    opened.close()


@pytest.fixture
def another_browser(stack: Stack) -> Iterator[Browser]:
    opened = Browser(stack.url)
    yield opened
    opened.close()


def somebody(others: Others, provider: str = "google", **claims: object) -> str:
    """Somebody new with an account at a provider: their subject there."""
    subject = str(ids.new().int % 10**16)
    others.know(provider, subject, **({"email": email_of(subject), "email_verified": True, "name": "Grace Hopper"} | claims))
    return subject


def email_of(subject: str) -> str:
    return f"grace-{subject}@example.com"


def exchanged(nobody: Person, code: str, **more: str) -> httpx2.Response:
    return nobody.post("/api/auth/token", {"code": code, **more})


def signed_in_by(nobody: Person, code: str) -> Person:
    """The person whom a code signs in."""
    answer = exchanged(nobody, code)
    assert answer.status_code == 200, answer.text
    person = people.nobody(str(nobody.http.base_url))
    person.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    person.email = answer.json()["user"]["email"]
    person.id = answer.json()["user"]["id"]
    return person


def confirm(stack: Stack, person: Person) -> None:
    """As if this person had opened the link in the mail."""
    with db.transaction(stack.engine("auth-worker")) as session:
        session.execute(text("UPDATE users SET email_confirmed_at = now() WHERE id = :id"), {"id": person.id})


def start(**query: str) -> str:
    return f"{PUBLIC}/api/auth/oauth/google?redirect_to={APP}" + "".join(f"&{name}={value}" for name, value in query.items())


# --- There and back ---------------------------------------------------------------------------------------------------------


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


# --- The browser, the state, the code ---------------------------------------------------------------------------------------


def test_a_stranger_cannot_finish_a_journey_in_another_browser(
    others: Others, browser: Browser, another_browser: Browser
) -> None:
    """SECURITY 16: the state is bound to the browser that began, and is used up by the wrong one."""
    back = browser.as_far_as_tutti(start(), somebody(others))
    another_browser.start("google")
    assert isinstance(back, tuple)

    refused = another_browser.come_back(*back)

    assert isinstance(refused, httpx2.Response) and (refused.status_code, refused.json()["code"]) == (400, "state_invalid")
    again = browser.come_back(*back)
    assert isinstance(again, httpx2.Response) and again.status_code == 400


def test_a_state_is_good_once_of_fifty_at_once(others: Others, browser: Browser) -> None:
    """SECURITY 16."""
    back = browser.as_far_as_tutti(start(), somebody(others))
    assert isinstance(back, tuple)
    cookies = "; ".join(f"{name}={value}" for name, (value, _) in browser.cookies.items())
    here = browser.url + back[0].removeprefix(PUBLIC)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: browser.tutti.get(here, headers={"Cookie": cookies}), range(50)))

    assert sorted(answer.status_code for answer in answers) == [302] + [400] * 49


def test_a_made_up_state_is_refused(browser: Browser) -> None:
    for state in ("", "x", "a" * 43, "%00", "%ED%A0%80"):
        answer = browser.tutti.get(f"{browser.url}/api/auth/oauth/google/callback?state={state}&code=x")
        assert (answer.status_code, answer.json()["code"]) == (400, "state_invalid"), state


def test_a_state_of_one_provider_is_none_of_another(others: Others, browser: Browser) -> None:
    back = browser.as_far_as_tutti(start(), somebody(others))
    assert isinstance(back, tuple)

    refused = browser.come_back(back[0].replace("/google/", "/facebook/"))

    assert isinstance(refused, httpx2.Response) and refused.json()["code"] == "state_invalid"


def test_a_code_is_good_once_of_fifty_at_once(others: Others, browser: Browser, nobody: Person) -> None:
    """SECURITY 16: our own code, replayed under race."""
    code = browser.sign_in("google", somebody(others))["code"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: exchanged(nobody, code), range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {"one_time_token_invalid"}


def test_an_app_that_began_with_a_challenge_has_to_show_its_verifier(others: Others, browser: Browser, nobody: Person) -> None:
    """SECURITY 16: and a verifier where there was no challenge is refused, too."""
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    subject = somebody(others)

    def code(**query: str) -> str:
        return Browser(browser.url).sign_in("google", subject, **query)["code"]

    assert exchanged(nobody, code(code_challenge=challenge)).status_code == 400
    assert exchanged(nobody, code(code_challenge=challenge), code_verifier="v" * 43).status_code == 400
    assert exchanged(nobody, code(), code_verifier=verifier).status_code == 400
    assert exchanged(nobody, code(code_challenge=challenge), code_verifier=verifier).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
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
def test_a_browser_is_sent_nowhere_else(elsewhere: str, browser: Browser) -> None:
    """SECURITY 17."""
    answer = browser.start("google", redirect_to=elsewhere)

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


# --- Providers that lie or fail ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_the_issuers_word_about_this_journey_opens_nothing(
    lie: str, others: Others, browser: Browser, stack: Stack
) -> None:
    """SECURITY 15, and list 3.1 as far as it is about ID tokens."""
    subject = somebody(others, lie=lie)

    told = browser.sign_in("google", subject)

    assert told == {"error": "answer_untrusted"}
    with db.transaction(stack.engine("auth-worker")) as session:
        assert session.scalar(text("SELECT count(*) FROM users WHERE email = :email"), {"email": email_of(subject)}) == 0


@pytest.mark.parametrize("failure", ["page", "down", "large", "elsewhere"])
def test_a_provider_that_fails_is_said_to_the_app_and_nothing_is_lost(
    failure: str, others: Others, browser: Browser, nobody: Person
) -> None:
    subject = somebody(others, lie=failure)

    assert browser.sign_in("google", subject) == {"error": "provider_unavailable"}

    others.know("google", subject, email=email_of(subject), email_verified=True)
    assert exchanged(nobody, browser.sign_in("google", subject)["code"]).status_code == 200


@pytest.mark.nightly
def test_a_provider_that_hangs_leaves_everybody_else_their_turn(
    others: Others, stack: Stack, nobody: Person, figures: Callable[[str], None]
) -> None:
    subject = somebody(others, lie="slow")

    def sign_in(_: int) -> dict[str, str]:
        return Browser(stack.url).sign_in("google", subject)

    with ThreadPoolExecutor(24) as pool:
        told = pool.map(sign_in, range(24))
        time.sleep(3)  # they are all waiting now
        waits = [nobody.get("/.well-known/jwks.json").elapsed.total_seconds() for _ in range(20)]

    assert list(told) == [{"error": "provider_unavailable"}] * 24
    figures(f"keys answered in {max(waits) * 1000:.0f} ms at most while 24 browsers waited for a provider that hangs")
    assert max(waits) < 1.5


@pytest.mark.parametrize("provider", ["google", "apple", "facebook"])
def test_who_does_not_agree_comes_back_without_the_providers_own_words(provider: str, browser: Browser) -> None:
    assert browser.sign_in(provider, "nobody") == {"error": "provider_refused"}


def test_a_providers_code_that_is_made_up_or_of_another_journey_is_refused(others: Others, browser: Browser) -> None:
    subject = somebody(others)
    mine, theirs = (browser.as_far_as_tutti(start(), subject) for _ in range(2))
    assert isinstance(mine, tuple) and isinstance(theirs, tuple)
    code = {name: outside.told(back[0])["code"] for name, back in (("mine", mine), ("theirs", theirs))}

    injected = browser.come_back(mine[0].replace(code["mine"], code["theirs"]))

    assert isinstance(injected, str) and outside.told(injected) == {"error": "provider_refused"}


def test_the_answer_of_another_issuer_is_refused(others: Others, browser: Browser) -> None:
    """Mix-up (RFC 9207)."""
    back = browser.as_far_as_tutti(start(), somebody(others))
    assert isinstance(back, tuple)
    issuer = outside.told(back[0])["iss"]
    assert issuer == others.google

    there = browser.come_back(back[0].split("&iss=")[0] + f"&iss={others.apple}")

    assert isinstance(there, str) and outside.told(there) == {"error": "answer_untrusted"}


# --- Whose account it is ----------------------------------------------------------------------------------------------------


def test_an_attacker_who_registers_an_address_first_gets_nothing_of_its_owner(
    others: Others, browser: Browser, nobody: Person
) -> None:
    """SECURITY 15: pre-hijacking. The account under her address has not confirmed it, so Google does not open it."""
    subject = somebody(others)
    registered = nobody.post("/api/register", {"email": email_of(subject), "password": PASSWORD})

    told = browser.sign_in("google", subject)

    assert registered.status_code == 201 and told == {"error": "account_exists"}
    attacker = nobody.post("/api/auth/login", {"email": email_of(subject), "password": PASSWORD}).json()
    bearer = {"Authorization": f"Bearer {attacker['access_token']}"}
    assert nobody.get("/api/user/identities", headers=bearer).json() == []


def test_she_proves_her_address_by_mail_and_then_everything_of_the_attacker_is_gone(
    others: Others, browser: Browser, another_browser: Browser, stack: Stack, nobody: Person
) -> None:
    """SECURITY 15: pre-hijacking to its end: the way out that the refusal names."""
    subject = somebody(others)
    nobody.post("/api/register", {"email": email_of(subject), "password": PASSWORD})
    attacker = nobody.post("/api/auth/login", {"email": email_of(subject), "password": PASSWORD}).json()
    assert browser.sign_in("google", subject) == {"error": "account_exists"}

    nobody.post("/api/auth/request-password-reset", {"email": email_of(subject)})
    token = mails.wait_for(stack, email_of(subject), "reset-password")
    reset = nobody.post("/api/auth/reset-password", {"token": token, "new_password": "a new and better one"})

    assert reset.status_code == 204
    assert another_browser.sign_in("google", subject).keys() == {"code"}
    assert nobody.post("/api/auth/refresh", {"refresh_token": attacker["refresh_token"]}).status_code == 401
    assert nobody.post("/api/auth/login", {"email": email_of(subject), "password": PASSWORD}).status_code == 401


def test_who_has_no_address_takes_one_on_that_confirms_itself(
    others: Others, browser: Browser, stack: Stack, nobody: Person
) -> None:
    subject = somebody(others, "facebook")
    grace = signed_in_by(nobody, browser.sign_in("facebook", subject)["code"])

    assert grace.post("/api/auth/change-email", {"new_email": email_of(subject)}).status_code == 202
    token = mails.wait_for(stack, email_of(subject), "change-email-new")

    assert nobody.post("/api/auth/change-email/confirm", {"token": token}).json() == {"is_done": True}
    assert grace.get("/api/user/profile").json()["email"] == email_of(subject)


def test_an_attacker_cannot_leave_an_identity_on_an_account_that_waits_for_its_owner(
    others: Others, browser: Browser, alice: Person
) -> None:
    """SECURITY 15: the other way round: an unconfirmed account takes no identity on."""
    url = alice.post("/api/user/identities/google", CONNECTION).json()["url"]
    there = browser.go(url, somebody(others))
    assert isinstance(there, str)

    refused = alice.post("/api/user/identities", {"code": outside.told(there)["link_code"]})

    assert (refused.status_code, refused.json()["code"]) == (403, "email_unconfirmed")
    assert alice.get("/api/user/identities").json() == []


def test_an_address_that_the_provider_has_not_verified_opens_and_occupies_nothing(
    others: Others, browser: Browser, another_browser: Browser, stack: Stack, alice: Person, nobody: Person
) -> None:
    """SECURITY 15."""
    confirm(stack, alice)
    claims_alices = somebody(others, email=alice.email, email_verified=False)
    claims_a_free_one = somebody(others, email_verified="yes")

    assert browser.sign_in("google", claims_alices) == {"error": "account_exists"}

    occupier = signed_in_by(nobody, another_browser.sign_in("google", claims_a_free_one)["code"])
    assert occupier.email.endswith("@google.invalid")
    assert nobody.post("/api/register", {"email": email_of(claims_a_free_one), "password": PASSWORD}).status_code == 201


def test_both_sides_verified_is_the_same_person_and_she_is_told(
    others: Others, browser: Browser, stack: Stack, alice: Person, nobody: Person
) -> None:
    confirm(stack, alice)

    told = browser.sign_in("google", somebody(others, email=alice.email.upper()))

    assert signed_in_by(nobody, told["code"]).id == str(alice.id)
    assert [each["provider"] for each in alice.get("/api/user/identities").json()] == ["google"]
    wait_for_subject(stack, alice.email, "Google now opens your account")


def test_somebody_disabled_stays_out(others: Others, browser: Browser, stack: Stack, nobody: Person) -> None:
    subject = somebody(others)
    first, second = (Browser(browser.url).sign_in("google", subject)["code"] for _ in range(2))
    grace = signed_in_by(nobody, first)
    with db.transaction(stack.engine("auth-worker")) as session:
        session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": grace.id})

    assert exchanged(nobody, second).status_code == 401
    assert browser.sign_in("google", subject) == {"error": "account_disabled"}


def test_twenty_first_sights_at_once_make_one_account(others: Others, stack: Stack) -> None:
    subject = somebody(others)

    def sign_in(_: int) -> dict[str, str]:
        return Browser(stack.url).sign_in("google", subject)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(sign_in, range(20)))

    assert all(each.keys() == {"code"} for each in told)
    with db.transaction(stack.engine("auth-worker")) as session:
        count = text("SELECT count(*), count(DISTINCT user_id) FROM identities WHERE subject = :subject")
        assert tuple(session.execute(count, {"subject": subject}).one()) == (1, 1)


def test_a_second_factor_is_asked_for_whichever_way_in(
    others: Others, browser: Browser, stack: Stack, alice: Person, nobody: Person
) -> None:
    confirm(stack, alice)
    device = test_second_factor.turned_on(alice)

    waiting = exchanged(nobody, browser.sign_in("google", somebody(others, email=alice.email))["code"])

    assert (waiting.status_code, waiting.json()["code"]) == (401, "second_factor_needed")
    passed = test_second_factor.passed(nobody, waiting.json()["challenge"], device.code())
    assert passed.json()["user"]["id"] == str(alice.id)


# --- Connecting and disconnecting -------------------------------------------------------------------------------------------


def connected(browser: Browser, person: Person, provider: str, subject: str) -> httpx2.Response:
    """Connect a provider to somebody's account."""
    begun = person.post(f"/api/user/identities/{provider}", CONNECTION)
    assert begun.status_code == 200, begun.text
    there = browser.go(begun.json()["url"], subject)
    assert isinstance(there, str), there.text
    return person.post("/api/user/identities", {"code": outside.told(there)["link_code"]})


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


def wait_for_subject(stack: Stack, address: str, subject: str) -> None:
    """Until a mail with this subject has come."""
    deadline = time.monotonic() + mails.WITHIN_SECONDS
    while subject not in [mail["Subject"] for mail in mails.to(stack, address)]:
        assert time.monotonic() < deadline, f"no mail said {subject}"
        time.sleep(0.05)
