"""The documentation opens without internet, and shows every service."""

import re

import pytest

from shared import services
from tests.people import Person


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/api/docs"])
def test_the_page_lists_every_service(nobody: Person, path: str) -> None:
    page = nobody.get(path)

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for name in services.names():
        assert f"/openapi/{name}.json" in page.text
        assert nobody.get(f"/openapi/{name}.json").json()["openapi"].startswith("3.")


def test_the_page_needs_nothing_from_elsewhere(nobody: Person) -> None:
    page = nobody.get("/docs")

    policy = page.headers["content-security-policy"]
    assert "unsafe-eval" not in policy and "http" not in policy and "default-src 'none'" in policy
    assert "//" not in page.text.replace("<!doctype html>", "")
    parts = re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)
    assert len(parts) == 4
    for part in parts:
        assert nobody.get(part).headers["content-type"].split(";")[0] in {"text/css", "text/javascript"}, part


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "..%5capp.py", "nothing.js", ".", "docs.js/.."])
def test_only_the_pages_own_parts_are_served(nobody: Person, name: str) -> None:
    assert nobody.get(f"/docs/{name}").status_code in {400, 404} or "Flask" not in nobody.get(f"/docs/{name}").text


def test_routes_between_services_stand_in_no_document(nobody: Person) -> None:
    paths = set(nobody.get("/openapi/auth.json").json()["paths"])

    assert {"/.well-known/jwks.json", "/api/auth/login", "/api/login", "/api/login_check", "/api/user/profile"} <= paths
    assert not any(path.startswith(("/internal", "/ready", "/metrics")) for path in paths)
