"""Signing out ends one sign-in, everywhere, within five seconds."""

import time

import pytest

from shared import services
from tests import people
from tests.people import Person

PROTECTED = {"auth": "/api/user/profile", "media": "/files", "sessions": "/api/sessions"}
WITHIN_SECONDS = 5


def wait_for_401(person: Person, path: str) -> float:
    started = time.monotonic()
    while person.get(path).status_code != 401:
        assert time.monotonic() - started < WITHIN_SECONDS, path
        time.sleep(0.05)
    return time.monotonic() - started


def test_signing_out_by_access_token_ends_the_refresh_token_at_once(alice: Person) -> None:
    answer = alice.post("/api/auth/logout")

    assert (answer.status_code, answer.content) == (204, b"")
    assert alice.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).status_code == 401


def test_signing_out_by_refresh_token_needs_no_other(alice: Person, nobody: Person) -> None:
    assert nobody.post("/api/auth/logout", {"refresh_token": alice.refresh_token}).status_code == 204

    wait_for_401(alice, "/api/user/profile")


def test_signing_out_reaches_every_service_within_five_seconds(alice: Person) -> None:
    paths = [PROTECTED[name] for name in services.names() if name in PROTECTED]
    assert [alice.get(path).status_code for path in paths] == [200] * len(paths)

    alice.post("/api/auth/logout")

    for path in paths:
        wait_for_401(alice, path)
    assert alice.get("/api/user/profile").json()["message"] == "This sign-in has ended. Sign in again."


def test_signing_out_leaves_other_sign_ins_alone(alice: Person) -> None:
    on_the_phone = alice.token
    people.sign_in(alice)
    alice.post("/api/auth/logout")
    wait_for_401(alice, "/api/user/profile")

    kept = alice.get("/api/user/profile", headers={"Authorization": f"Bearer {on_the_phone}"})

    assert kept.status_code == 200


@pytest.mark.parametrize("body", [None, {}, {"refresh_token": None}])
def test_a_stranger_cannot_sign_anybody_out(nobody: Person, body: dict[str, None] | None) -> None:
    assert nobody.post("/api/auth/logout", body).status_code == 401


def test_a_stranger_cannot_sign_out_with_a_made_up_refresh_token(alice: Person, nobody: Person) -> None:
    forged = alice.refresh_token[:-4] + "AAAA"

    assert nobody.post("/api/auth/logout", {"refresh_token": forged}).status_code == 401
    assert alice.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).status_code == 200
