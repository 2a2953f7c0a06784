"""The documents tell the truth: every operation is served, and every route is documented."""

import re
import subprocess
import sys

import psutil
import pytest

from shared import ids, services
from tests.people import Person
from tests.stack import ROOT, Stack

INSIDE = ("/internal/", "/ready", "/metrics")  # never routed by the gateway
PAGES = ("/docs", "/api/docs", "/openapi/")  # the documents themselves
PUBLIC = (
    "/health",
    "/.well-known/",
    "/play/",
    "/s/",
    "/api/register",
    "/api/login",
    "/api/logout",
    "/api/refresh-token",
    "/api/request-password-reset",
    "/api/reset-password",
    "/api/v1/auth/sign",
    "/api/v1/auth/refresh",
    "/api/token/refresh",
    "/api/auth/",
)  # nobody is signed in yet


@pytest.mark.parametrize("service", services.names())
def test_every_documented_operation_is_served(alice: Person, service: str) -> None:
    document = alice.get(f"/openapi/{service}.json").json()
    assert document["openapi"].startswith("3.")

    for path, operations in document["paths"].items():
        concrete = re.sub(r"\{[^}]+\}", str(ids.new()), path)
        for method in operations.keys() & {"get", "post", "put", "patch", "delete", "head"}:
            answer = alice.http.request(method, concrete)
            assert answer.status_code != 405, f"{method} {path}"
            if answer.status_code == 404:  # a random id: the service's own words, not the gateway's
                assert answer.headers["content-type"] == "application/problem+json" or method == "head", f"{method} {path}"


@pytest.mark.parametrize("service", services.names())
def test_every_served_route_is_documented(stack: Stack, alice: Person, service: str) -> None:
    process = psutil.Process(stack.processes()[service]["pid"])
    listed = subprocess.run(
        [sys.executable, "-m", "tests.e2e.served", service],
        cwd=ROOT,
        env=process.environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert listed.returncode == 0, listed.stderr
    lines = [line for line in listed.stdout.splitlines() if re.fullmatch(r"[A-Z]+ /\S*", line)]
    served = {line for line in lines if not line.split()[1].startswith(INSIDE + PAGES)}
    document = alice.get(f"/openapi/{service}.json").json()
    documented = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert len(served) > 4 and served - documented == set()


@pytest.mark.parametrize("service", services.names())
def test_every_operation_is_described_and_guarded_or_public_on_purpose(alice: Person, service: str) -> None:
    document = alice.get(f"/openapi/{service}.json").json()

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in {"parameters", "summary"}:
                continue
            assert operation.get("description") or operation.get("summary"), f"{method} {path}"
            assert operation.get("security") or path.startswith(PUBLIC + PAGES), f"{method} {path} is open"
            assert not path.startswith(INSIDE), path
