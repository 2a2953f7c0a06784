"""Parameters: set by administrators, read by services. SECURITY 40, 45."""

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from shared import identity, ids
from tests import people
from tests.auth.administrators import make_admin
from tests.people import Person
from tests.stack import Stack


@pytest.fixture
def carol(stack: Stack) -> Iterator[Person]:
    """An administrator."""
    person = make_admin(stack, people.sign_up(stack.url, "carol"))
    yield person
    person.http.close()


def read_by_media(stack: Stack, after: str = "") -> dict[str, Any]:
    key = b64decode(json.loads(stack.secret("media", "internal_keys"))["auth"])
    token = identity.sign_internal(caller="media", audience="auth", key=key, user_id=None, session_id=None)
    answer = httpx2.get(
        f"{stack.service_url('auth')}/internal/config",
        params={"after": after},
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("value", [7, "text", None, True, [1, {"a": None}], {"model": "small", "limits": {"day": 5}}])
def test_a_parameter_is_any_json_and_every_service_reads_it(stack: Stack, carol: Person, value: Any) -> None:
    path = f"/api/admin/config/limits.{ids.new()}"

    kept = carol.http.put(path, json={"value": value})

    assert kept.status_code == 200 and kept.json().keys() == {"id", "parameter", "value", "updated_at"}
    assert carol.get(path).json() == kept.json() and kept.json() in carol.get("/api/admin/config").json()
    assert read_by_media(stack)["parameters"][kept.json()["parameter"]] == value


def test_a_service_that_asks_again_is_told_only_what_is_new(stack: Stack, carol: Person) -> None:
    path = f"/api/admin/config/limits.{ids.new()}"
    first = carol.http.put(path, json={"value": 1}).json()
    known = read_by_media(stack)["next"]
    assert read_by_media(stack, known) == {"next": known, "parameters": None}

    second = carol.http.put(path, json={"value": 2}).json()

    assert second["id"] == first["id"] and second["updated_at"] > first["updated_at"]
    assert read_by_media(stack, known)["parameters"][first["parameter"]] == 2
    assert carol.delete(path).status_code == 204
    assert first["parameter"] not in read_by_media(stack, known)["parameters"]
    assert carol.get(path).status_code == carol.delete(path).status_code == 404


@pytest.mark.parametrize("name", ["Upper", "1st", "a b", "a%2Fb", "a%00", "ä", "x" * 101, "a'; --"])
def test_a_name_that_is_none_is_refused(carol: Person, name: str) -> None:
    assert carol.http.put(f"/api/admin/config/{name}", json={"value": 1}).status_code in (400, 404, 422)


@pytest.mark.parametrize("body", ["{}", '{"value": 1, "id": 2}', '{"value": NaN}', '{"value": "\\u0000"}', "[1]"])
def test_a_value_that_is_none_is_refused(carol: Person, body: str) -> None:
    answer = carol.http.put("/api/admin/config/limits", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


def test_a_stranger_cannot_read_or_set_a_parameter(stack: Stack, alice: Person, carol: Person) -> None:
    carol.http.put("/api/admin/config/limits", json={"value": 1})

    assert alice.http.put("/api/admin/config/limits", json={"value": 2}).status_code == 403
    assert alice.get("/api/admin/config/limits").status_code == 403
    assert alice.get("/internal/config").status_code == 404
    assert read_by_media(stack)["parameters"]["limits"] == 1


def test_who_set_a_parameter_is_written_down_without_its_value(carol: Person) -> None:
    carol.http.put("/api/admin/config/limits", json={"value": "a secret"})

    event = carol.get(f"/api/admin/audit?actor_id={carol.id}&action=parameter.set").json()[0]
    assert event["facts"] == {"parameter": "limits"}
