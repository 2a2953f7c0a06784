"""What somebody is told of their own account."""

import pytest

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
