"""What nobody has opened is shut: every route asks who is calling, but for those named here. SECURITY 37, 45."""

import re

from shared import ids, services
from tests.people import Person

ACTS = {"get", "put", "post", "delete", "patch"}
OPEN = {
    # who somebody is, to be told
    "post /api/auth/register",
    "post /api/auth/login",
    "post /api/auth/second-factor",
    "post /api/register",
    "post /api/login",
    "post /api/login_check",
    "post /api/v1/auth/signup",
    "post /api/v1/auth/signin",
    "get /api/auth/oauth/{provider}",
    "get /api/auth/oauth/{provider}/callback",
    "post /api/auth/oauth/{provider}/callback",
    # an address that somebody typed, which is told nothing
    "post /api/auth/resend",
    "post /api/auth/magic-link",
    "post /api/auth/request-password-reset",
    "post /api/request-password-reset",
    # a secret in the body or in the path is the proof
    "post /api/auth/accept-invitation",
    "post /api/auth/change-email/confirm",
    "post /api/auth/confirm",
    "post /api/auth/magic-link/follow",
    "post /api/auth/magic-link/redeem",
    "post /api/auth/reset-password",
    "post /api/auth/token",
    "post /api/reset-password",
    "post /api/auth/refresh",
    "post /api/refresh-token",
    "post /api/token/refresh",
    "post /api/v1/auth/refresh",
    "get /play/{token}",
    "get /s/{token}",
    "get /s/{token}/zip",
    "get /s/{token}/{file_id}/cover",
    "get /s/{token}/{file_id}/download",
    "get /s/{token}/{file_id}/stream",
    # OpenSubsonic says so in an answer of status 200: tests/media/subsonic/test_signing_in.py
    "get /rest/{method}",
    "post /rest/{method}",
    # for everybody
    "get /.well-known/jwks.json",
    "get /api/auth/links/parts/{name}",
    "get /api/auth/links/{purpose}",
    "get /api/docs",
    "get /api/docs.json",
    "get /docs",
    "get /health",
    "get /health/auth",
    "get /health/media",
    "get /health/sessions",
}


def routes(nobody: Person) -> list[tuple[str, str]]:
    """Every method and path that the documentation of every service names."""
    found = []
    for name in services.names():
        for path, methods in nobody.get(f"/openapi/{name}.json").json()["paths"].items():
            found += [(method, path) for method in methods if method in ACTS]
    return found


def an_address(path: str) -> str:
    """The path with ids that exist nowhere."""
    return re.sub(r"{[^}]*}", str(ids.new()), path)


def test_every_route_asks_who_is_calling_but_for_those_that_are_open(nobody: Person) -> None:
    found = routes(nobody)
    answers = {route: nobody.http.request(route[0], an_address(route[1]), json={}).status_code for route in found}

    assert sorted({" ".join(route) for route, status in answers.items() if status != 401} - OPEN) == []
    assert [route for route, status in answers.items() if status >= 500] == []


def test_every_route_of_administration_asks_for_an_administrator(nobody: Person, alice: Person) -> None:
    administration = [(method, path) for method, path in routes(nobody) if path.startswith("/api/admin/")]

    assert administration
    for method, path in administration:
        assert alice.http.request(method, an_address(path), json={}).status_code == 403, (method, path)
