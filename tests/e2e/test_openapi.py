"""The documents tell the truth: every operation is served, and every route is documented."""

import re

import pytest

from shared import ids, services
from tests.people import Person

PUBLIC = {"/health", "/docs", "/api/docs"}


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
def test_every_operation_is_described_and_guarded_or_public_on_purpose(alice: Person, service: str) -> None:
    document = alice.get(f"/openapi/{service}.json").json()

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in {"parameters", "summary"}:
                continue
            assert operation.get("description") or operation.get("summary"), f"{method} {path}"
            assert "/internal" not in path
