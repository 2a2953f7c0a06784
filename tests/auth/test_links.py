"""What somebody finds behind the link of a mail."""

import re

import pytest

from tests.people import Person

PURPOSES = ["confirm-email", "magic-link", "reset-password", "invitation", "change-email-old", "change-email-new"]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_link_opens_a_page_that_needs_nothing_from_elsewhere(nobody: Person, purpose: str) -> None:
    page = nobody.get(f"/api/auth/links/{purpose}")

    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer" and page.headers["cache-control"] == "no-store"
    assert "http" not in page.text and "style=" not in page.text and "onclick" not in page.text
    for part in re.findall(r'(?:src|href)="(parts/[^"]+)"', page.text):
        assert nobody.get(f"/api/auth/links/{part}").status_code == 200


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_page_sends_to_a_route_that_takes_the_secret(nobody: Person, purpose: str) -> None:
    page = nobody.get(f"/api/auth/links/{purpose}").text
    (endpoint,) = re.findall(r'data-endpoint="\.\./([^"]+)"', page)
    fields = re.findall(r'<input type="password" name="([^"]+)"', page)

    sent = {"token": "a" * 43} | dict.fromkeys(fields, "a long enough phrase")
    answer = nobody.post(f"/api/auth/{endpoint}", sent)

    assert (answer.status_code, answer.json()["code"]) == (400, "one_time_token_invalid")


@pytest.mark.parametrize("purpose", ["sign-in-code", "second-factor", "first-admin", "nothing", "parts", "../links", "%2e%2e"])
def test_there_is_no_page_for_anything_else(nobody: Person, purpose: str) -> None:
    assert nobody.get(f"/api/auth/links/{purpose}").status_code in {400, 404}


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "..%5capp.py", "nothing.js"])
def test_only_the_pages_own_parts_are_served(nobody: Person, name: str) -> None:
    answer = nobody.get(f"/api/auth/links/parts/{name}")

    assert answer.status_code in {400, 404}


def test_the_page_reaches_the_browser_with_its_own_policy_through_the_gateway(nobody: Person) -> None:
    page = nobody.get("/api/auth/links/reset-password")

    policies = page.headers.get_list("content-security-policy")
    assert len(policies) == 1 and "script-src 'self'" in policies[0] and "connect-src 'self'" in policies[0]
    assert 'method="post"' in page.text  # a form that its script did not take over puts no password into an address
