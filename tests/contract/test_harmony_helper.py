"""What Harmony Helper's client sends, from its first start to a deleted session (CONTRACT 5.1, seed 001)."""

from typing import Any

import httpx2
import pytest

from tests import people
from tests.issuer import Elsewhere
from tests.people import Person
from tests.sessions import make

PROFILE = {"email": "ana@example.com", "name": "Ana", "picture": "https://s.example/ana.png"}
SYNC = "/api/users/sync"
CALLS = [
    ("POST", SYNC, PROFILE),
    ("GET", "/api/sessions", None),
    ("POST", "/api/sessions", make.body()),
    ("GET", "/api/sessions/0190b5a0-0000-7000-8000-000000000000", None),
    ("DELETE", "/api/sessions/0190b5a0-0000-7000-8000-000000000000", None),
    ("GET", "/api/stats", None),
]


def opaque(elsewhere: Elsewhere, subject: str, **claims: Any) -> str:
    return elsewhere.auth0.opaque(subject, **claims)


def signed(elsewhere: Elsewhere, subject: str, **claims: Any) -> str:
    return elsewhere.auth0.token(sub=subject, **claims)


@pytest.mark.parametrize("bearer", [opaque, signed])
def test_the_clients_day(elsewhere: Elsewhere, bearer: Any) -> None:
    """C1-1 to C1-8: an Auth0 client without an audience holds an opaque token, one with an audience a signed one."""
    subject = f"auth0|{bearer.__name__}"
    ana = elsewhere.someone(bearer(elsewhere, subject, email=f"{bearer.__name__}@example.com", email_verified=True))

    synced = ana.post(SYNC, PROFILE | {"sub": subject})
    assert synced.status_code == 200, synced.text
    row = synced.json()
    assert row.keys() == {"id", "auth0_id", "email", "name", "created_at"}
    assert (row["auth0_id"], row["email"], row["name"]) == (subject, f"{bearer.__name__}@example.com", "Ana")
    assert ana.post(SYNC, PROFILE | {"sub": subject}).json() == row

    recording = make.recording()
    saved = make.saved(ana, audioBase64=make.data_url(recording), date=None)
    listed = ana.get("/api/sessions").json()
    assert [each["id"] for each in listed] == [saved["id"]]
    assert {"id", "song_name", "instrument", "date", "duration_seconds"} <= listed[0].keys()
    assert httpx2.get(elsewhere.reached(listed[0]["audio_url"])).content == recording

    detail = ana.get(f"/api/sessions/{saved['id']}").json()
    assert (detail["xml_content"], detail["analysis_feedback"]) == (make.MINUET, "Mind the left hand.")
    assert httpx2.get(elsewhere.reached(detail["audio_url"])).content == recording

    stats = ana.get("/api/stats").json()
    assert (stats["streak"], len(stats["weekly_progress"]), stats["total_minutes"]) == (1, 7, 10)

    assert ana.delete(f"/api/sessions/{saved['id']}").is_success
    assert ana.get("/api/sessions").json() == []
    assert ana.get(f"/api/sessions/{saved['id']}").status_code == 404


@pytest.mark.parametrize("bearer", ["mock-token", "undefined", "null", ""])
def test_a_mock_bearer_is_nobody_on_every_route_and_costs_no_question(elsewhere: Elsewhere, bearer: str) -> None:
    """C1-8b."""
    before = elsewhere.auth0.userinfo_asked
    mocking = people.nobody(elsewhere.stack.url)
    mocking.http.headers["Authorization"] = f"Bearer {bearer}".strip()

    answers = {f"{method} {path}": mocking.http.request(method, path, json=body) for method, path, body in CALLS}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert all(isinstance(answer.json()["detail"], str) for answer in answers.values())
    assert elsewhere.auth0.userinfo_asked == before


@pytest.mark.parametrize("field", ["sub", "auth0_id"])
def test_a_body_that_names_somebody_else_is_refused(elsewhere: Elsewhere, field: str) -> None:
    ana = elsewhere.someone(signed(elsewhere, "auth0|ana"))

    assert ana.post(SYNC, PROFILE | {field: "auth0|bob"}).json()["code"] == "subject_differs"
    assert ana.post(SYNC, {"sub": "auth0|ana", "auth0_id": "auth0|bob"}).status_code == 403
    assert ana.post(SYNC, PROFILE | {field: "auth0|ana"}).status_code == 200


def test_a_stranger_cannot_sync_into_somebodys_account(elsewhere: Elsewhere) -> None:
    """An address in the body opens nothing and proves nothing (SECURITY 15, 40)."""
    alice = people.sign_up(elsewhere.stack.url, "alice")
    bob = elsewhere.someone(signed(elsewhere, "auth0|stranger"))

    synced = bob.post(SYNC, PROFILE | {"email": alice.email, "id": str(alice.id), "roles": ["admin"], "email_verified": True})

    assert synced.status_code == 200
    assert synced.json()["id"] != str(alice.id)
    profile = bob.get("/api/user/profile").json()
    assert (profile["email"] == alice.email, profile["roles"]) == (False, ["user"])
    again = elsewhere.someone(signed(elsewhere, "auth0|stranger-2", email=alice.email, email_verified=True))
    assert again.post(SYNC, PROFILE).status_code == 409


def test_what_a_person_has_said_of_themselves_stays(elsewhere: Elsewhere) -> None:
    ana = elsewhere.someone(signed(elsewhere, "auth0|kept", name="Ana Maria"))

    assert ana.post(SYNC, {"name": "Somebody", "email": "said@example.com"}).json()["name"] == "Ana Maria"
    assert ana.post(SYNC, {}).json()["email"] == "said@example.com"  # shown to its teller, and on no account
    ana.post(SYNC, {"picture": "https://s.example/one.png"})
    ana.post(SYNC, {"picture": "https://s.example/two.png"})
    ana.post(SYNC, {"picture": "javascript:alert(1)"})
    assert ana.get("/api/user/profile").json()["avatar"] == "https://s.example/one.png"


def test_somebody_of_our_own_may_call_it_too(elsewhere: Elsewhere) -> None:
    alice: Person = people.sign_up(elsewhere.stack.url, "alice")

    row = alice.post(SYNC, {"email": alice.email, "name": "Alice"}).json()

    assert (row["id"], row["auth0_id"], row["email"], row["name"]) == (str(alice.id), None, alice.email, "Alice")
    assert alice.post(SYNC, {"sub": "auth0|anybody"}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"email": "no address"}, {"name": 7}, {"sub": ""}, {"sub": "x" * 256}, {"name": "a\0b"}, {"email": ["a@example.com"]}],
)
def test_what_cannot_be_is_refused_by_name(elsewhere: Elsewhere, wrong: dict[str, Any]) -> None:
    answer = elsewhere.someone(signed(elsewhere, "auth0|wrong")).post(SYNC, PROFILE | wrong)

    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["detail"] or "NUL" in answer.json()["detail"]
