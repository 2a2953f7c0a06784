"""A deployment that names an issuer wrongly does not start, and says which and why."""

import json
from typing import Any

import pytest

from services.auth import issuers

GOOD = {"issuer": "https://tenant.eu.auth0.com/", "audience": "https://api.example"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"issuer": "tenant.eu.auth0.com"}, "https address"),
        ({"issuer": "http://tenant.eu.auth0.com/"}, "https address"),
        ({"issuer": "http://127.0.0.1.evil.example/"}, "https address"),
        ({"issuer": "file:///etc/passwd"}, "https address"),
        ({"issuer": "https://user:secret@tenant.eu.auth0.com/"}, "more than a host"),
        ({"issuer": "https://tenant.eu.auth0.com/?a=b"}, "more than a host"),
        ({"issuer": "https://tenant.eu.auth0.com/ "}, "https address"),
        ({"jwks_url": "http://tenant.eu.auth0.com/keys"}, "https address"),
        ({"userinfo_url": "ftp://tenant.eu.auth0.com/me"}, "https address"),
        ({"audience": []}, "say the audience"),
        ({"audience": ""}, "audience"),
        ({"audience": 7}, "audience"),
        ({"algorithms": ["HS256"]}, "algorithms"),  # a shared secret would sign for anybody who holds it
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"algorithm": "RS256"}, "algorithm"),  # not a field
        ({"opaque": "yes"}, "opaque"),
        ({"asked_again_seconds": 86_400}, "asked_again_seconds"),
        ({"provider": "Auth 0"}, "provider"),
        ({"claims": {"mail": "email"}}, "claims"),
    ],
)
def test_a_wrong_issuer_is_named(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        issuers.parse(json.dumps([GOOD | wrong]))


@pytest.mark.parametrize("text", ["", "{}", "null", "[1]", "[", '["https://a.example/"]', "[{}]"])
def test_what_is_no_list_of_issuers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        issuers.parse(text)


def test_only_one_issuer_may_be_asked_about_opaque_tokens() -> None:
    other = {"issuer": "https://other.example/", "opaque": True}

    with pytest.raises(ValueError, match="more than one"):
        issuers.parse(json.dumps([GOOD | {"opaque": True}, other]))
    with pytest.raises(ValueError, match="twice"):
        issuers.parse(json.dumps([GOOD, GOOD]))


@pytest.mark.parametrize(
    ("issuer", "keys_at", "provider"),
    [
        ("https://tenant.eu.auth0.com/", "https://tenant.eu.auth0.com/.well-known/jwks.json", "auth0"),
        ("https://able-fox-1.clerk.accounts.dev", "https://able-fox-1.clerk.accounts.dev/.well-known/jwks.json", "clerk"),
        ("https://abc.supabase.co/auth/v1", "https://abc.supabase.co/auth/v1/.well-known/jwks.json", "supabase"),
        ("https://login.example", "https://login.example/.well-known/jwks.json", "oidc"),
    ],
)
def test_what_is_not_said_is_as_the_three_providers_have_it(issuer: str, keys_at: str, provider: str) -> None:
    (found,) = issuers.parse(json.dumps([GOOD | {"issuer": issuer}]))

    assert (found.keys_at, found.short_name) == (keys_at, provider)
