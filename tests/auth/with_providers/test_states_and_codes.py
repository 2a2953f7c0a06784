"""What holds a journey together: the state in the browser, and the code that an app exchanges."""

import base64
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.auth.outside import PUBLIC, Browser, Others
from tests.auth.with_providers.grace import exchanged, somebody, start
from tests.people import Person


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
