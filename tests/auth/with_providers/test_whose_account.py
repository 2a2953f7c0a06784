"""Whose account it is that a provider opens."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from shared import db
from tests import mails
from tests.auth import outside, test_second_factor
from tests.auth.outside import Browser, Others
from tests.auth.with_providers.grace import CONNECTION, confirm, email_of, exchanged, signed_in_by, somebody, wait_for_subject
from tests.people import PASSWORD, Person
from tests.stack import Stack


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
