"""Providers that lie or fail."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from shared import db
from tests.auth import outside
from tests.auth.outside import Browser, Others
from tests.auth.with_providers.grace import email_of, exchanged, somebody, start
from tests.people import Person
from tests.stack import Stack

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
