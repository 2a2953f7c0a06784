"""Whose address a service believes a request to come from: the inn stands behind a proxy of ours, the stack does not."""

import json
import time

import pytest
from sqlalchemy import text

from shared import db, ids
from tests import people
from tests.people import Person
from tests.stack import Stack

CLIENT = "203.0.113.9"
HERE = "127.0.0.1"
LOG_SECONDS = 5


def logged_address(stack: Stack, service: str, request_id: str) -> str:
    """The address in a service's access log of the request of that id."""
    deadline = time.monotonic() + LOG_SECONDS
    while time.monotonic() < deadline:
        for line in (stack.home / "logs" / f"{service}.log").read_text().splitlines():
            if request_id in line and (event := json.loads(line)).get("event") == "request":
                return str(event["address"])
        time.sleep(0.05)
    raise AssertionError(f"{service} wrote no line about {request_id}")


def asked(person: Person, path: str, forwarded_for: str) -> str:
    """Ask for `path` with that header; the id of the request."""
    request_id = str(ids.new())
    person.get(path, headers={"X-Forwarded-For": forwarded_for, "X-Request-Id": request_id})
    return request_id


@pytest.mark.parametrize(("service", "path"), [("auth", "/api/user/profile"), ("media", "/files")])
def test_behind_a_trusted_proxy_the_log_names_the_client(inn: Stack, guest: Person, service: str, path: str) -> None:
    assert logged_address(inn, service, asked(guest, path, f"6.6.6.6, {CLIENT}")) == CLIENT


@pytest.mark.parametrize(("service", "path"), [("auth", "/api/user/profile"), ("media", "/files")])
def test_without_one_a_client_cannot_choose_its_address(stack: Stack, alice: Person, service: str, path: str) -> None:
    assert logged_address(stack, service, asked(alice, path, CLIENT)) == HERE


@pytest.mark.parametrize("place", ["inn", "stack"])
def test_a_sign_in_is_counted_for_and_kept_with_the_same_address(place: str, request: pytest.FixtureRequest) -> None:
    where: Stack = request.getfixturevalue(place)
    person = people.nobody(where.url)
    person.http.headers["X-Forwarded-For"] = CLIENT
    person.email = f"{ids.new()}@example.com"
    assert person.post("/api/register", {"email": person.email, "password": person.password}).status_code == 201

    people.sign_in(person)

    engine = where.engine("auth-worker")
    with db.transaction(engine) as session:
        newest = session.scalars(
            text(
                "SELECT s.ip_address FROM user_sessions s JOIN users u ON u.id = s.user_id"
                " WHERE u.email = :email ORDER BY s.created_at"
            ),
            {"email": person.email},
        ).all()
    engine.dispose()
    person.http.close()
    assert set(newest) == {CLIENT if place == "inn" else HERE}
