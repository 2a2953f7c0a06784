"""What somebody is told of their own account."""

from typing import Any

import jwt
import pytest

from shared import ids
from tests.people import Person

PROFILE = "/api/user/profile"


def test_a_profile_is_its_owners(alice: Person, bob: Person) -> None:
    mine, theirs = alice.get(PROFILE).json(), bob.get(PROFILE).json()

    assert (mine["email"], theirs["email"]) == (alice.email, bob.email)
    assert "password" not in mine and mine["roles"] == ["user"] and mine["last_login_at"].endswith("Z")


def test_the_answer_is_what_the_document_says(alice: Person) -> None:
    document = alice.get("/openapi/auth.json").json()
    operation = document["paths"][PROFILE]["get"]
    schema = document["components"]["schemas"]["ProfileOut"]

    assert operation["security"] == [{"HTTPBearer": []}]
    assert set(schema["properties"]) == set(alice.get(PROFILE).json())


def test_a_stranger_cannot_read_a_profile(nobody: Person) -> None:
    answer = nobody.get(PROFILE)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"code": 401, "message": "JWT Token not found"}


@pytest.mark.parametrize(("token", "detail"), [("garbage", "Invalid JWT Token"), ("a.b.c", "Invalid JWT Token")])
def test_a_bad_token_is_told_in_lexiks_words(nobody: Person, token: str, detail: str) -> None:
    answer = nobody.get(PROFILE, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()) == (401, {"code": 401, "message": detail})


TOLD = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "avatar": "https://example.com/ada.png",
    "birth_date": "1990-12-10",
    "time_zone": "Europe/London",
    "bio": "Sings.\nCounts.",
    "preferences": {"theme": "dark", "volume": 0.5, "seen": ["tour"]},
    "name": "Ada L",
}


def test_what_is_sent_is_replaced_and_the_rest_stays(alice: Person) -> None:
    assert alice.http.put(PROFILE, json=TOLD).status_code == 200

    changed = alice.http.put(PROFILE, json={"last_name": None, "preferences": {}})

    assert changed.status_code == 200 and changed.json() == alice.get(PROFILE).json()
    kept = {name: changed.json()[name] for name in TOLD}
    assert kept == TOLD | {"last_name": None, "preferences": {}}


def test_the_next_access_token_carries_a_new_time_zone(alice: Person) -> None:
    assert alice.http.put("/api/user/time-zone", json={"time_zone": "Asia/Tokyo"}).json()["time_zone"] == "Asia/Tokyo"

    token = alice.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).json()["access_token"]

    assert jwt.decode(token, options={"verify_signature": False})["zoneinfo"] == "Asia/Tokyo"


def test_a_username_is_one_persons(alice: Person, bob: Person) -> None:
    name = f"Ada{ids.new().hex[-12:]}"
    assert alice.http.put(PROFILE, json={"username": name}).json()["username"] == name

    taken = bob.http.put(PROFILE, json={"username": name.upper()})

    assert (taken.status_code, taken.json()["code"]) == (409, "username_taken")


def nested(depth: int) -> Any:
    return {"in": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    "changed",
    [
        {"roles": ["admin"]},  # nobody names themselves
        {"role": "admin"},
        {"email": "other@example.com"},
        {"is_active": True},
        {"id": str(ids.new())},
        {"user_id": str(ids.new())},
        {"is_email_confirmed": True},
        {"password": "another long password"},
        {"username": "ada@example.com"},
        {"name": None},
        {"first_name": "x" * 101},
        {"avatar": "javascript:alert(1)"},
        {"birth_date": "2999-01-01"},
        {"birth_date": "yesterday"},
        {"time_zone": "Mars/Olympus"},
        {"bio": "x" * 2001},
        {"preferences": ["a list"]},
        {"preferences": {"long": "x" * 16_384}},
        {"preferences": nested(9)},
    ],
)
def test_what_a_profile_does_not_take_is_named(alice: Person, changed: dict[str, Any]) -> None:
    """SECURITY 40."""
    before = alice.get(PROFILE).json()

    answer = alice.http.put(PROFILE, json=changed)

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == list(changed)
    assert alice.get(PROFILE).json() == before


ANSWERS = [
    {"questionId": "goal", "question": "What for?", "answer": ["fun", 3]},
    {"questionId": "who", "question": "Who?", "answer": None},
]


def test_the_newest_answers_of_the_beginning_stand(alice: Person, bob: Person) -> None:
    alice.post("/api/user/onboarding", {"responses": ANSWERS[::-1]})

    answered = alice.post("/api/user/onboarding", {"responses": ANSWERS})

    assert answered.status_code == 200
    assert answered.json() == alice.get("/api/user/onboarding").json() == {"responses": ANSWERS}
    assert bob.get("/api/user/onboarding").json() == {"responses": []}


@pytest.mark.parametrize(
    "responses",
    [
        [{"questionId": "goal", "question": "What for?"}],
        [{"questionId": "goal", "question": "What for?", "answer": "x" * 4096}],
        [{"questionId": "", "question": "What for?", "answer": 1}],
        [ANSWERS[0] | {"user_id": str(ids.new())}],
        [ANSWERS[0]] * 101,
        {"goal": "fun"},
    ],
)
def test_answers_of_another_shape_are_refused(alice: Person, responses: Any) -> None:
    assert alice.post("/api/user/onboarding", {"responses": responses}).status_code == 422


@pytest.mark.parametrize("path", [PROFILE, "/api/user/time-zone"])
def test_a_stranger_cannot_change_a_profile(nobody: Person, path: str) -> None:
    assert nobody.http.put(path, json={"time_zone": "Asia/Tokyo"}).status_code == 401
