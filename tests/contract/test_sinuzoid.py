"""Sinuzoid's client (seed 004 and its frontend), from sign-up to sign-out, on the ports it was built with."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared import ids
from tests import mails, people
from tests.auth.test_second_factor import turned_on
from tests.people import PASSWORD, Person
from tests.stack import Stack

TOKENS = {"access_token", "refresh_token", "token_type", "expires_in"}
USER = {"id", "username", "email", "role"}
RETRIES = re.compile("token|expired")  # in a message, the client refreshes and asks again


@pytest.fixture
def visitor(stack: Stack) -> Iterator[Person]:
    """Somebody at the second door, which is `http://localhost:9000` where the client was built."""
    person = people.nobody(stack.alt_url)
    yield person
    person.http.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def error(answer: Any) -> tuple[int, str]:
    """Status and code, of an error in exactly this client's shape."""
    said = answer.json()
    assert said.keys() == {"error"} and {"code", "message"} <= said["error"].keys() <= {"code", "message", "details"}
    assert answer.headers["content-type"] == "application/json" and isinstance(said["error"]["message"], str)
    return answer.status_code, said["error"]["code"]


def test_the_client_registers_signs_in_plays_refreshes_and_leaves(stack: Stack, visitor: Person) -> None:
    """C4-1 to C4-3."""
    name = f"ada{ids.new().hex[-12:]}"
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}

    registered = visitor.post("/api/register", account)
    assert (registered.status_code, registered.json().keys()) == (201, {"message", "user"})
    assert registered.json()["user"].keys() == USER

    signed_in = visitor.post("/api/login", {"email": account["email"], "password": PASSWORD})
    assert (signed_in.status_code, signed_in.json().keys()) == (200, {"message", "user", "tokens"})
    user, tokens = signed_in.json()["user"], signed_in.json()["tokens"]
    assert (user["username"], user["email"], user["role"]) == (name, account["email"], "user") and user.keys() == USER
    assert tokens.keys() == TOKENS and (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)

    me = visitor.get("/api/me", headers=bearer(tokens["access_token"]) | {"Content-Type": "application/json"})
    assert me.json().keys() == {"user"} and me.json()["user"].keys() == USER | {"createdAt", "lastLogin"}
    assert me.json()["user"] | {"createdAt": 0, "lastLogin": 0} == user | {"createdAt": 0, "lastLogin": 0}
    tracks = visitor.get(f"{stack.url}/files", headers=bearer(tokens["access_token"]))
    assert (tracks.status_code, tracks.json()) == (200, [])

    refreshed = visitor.post("/api/refresh-token", {"refresh_token": tokens["refresh_token"]})
    assert refreshed.json().keys() == {"message", "tokens"} and refreshed.json()["tokens"].keys() == TOKENS
    newest = refreshed.json()["tokens"]
    assert newest["refresh_token"] != tokens["refresh_token"]
    assert visitor.get("/api/me", headers=bearer(newest["access_token"])).status_code == 200

    left = visitor.post("/api/logout", {"refresh_token": newest["refresh_token"]}, headers=bearer(newest["access_token"]))
    assert (left.status_code, left.json().keys()) == (200, {"message"})
    ended = visitor.post("/api/refresh-token", {"refresh_token": newest["refresh_token"]})
    assert error(ended) == (401, "INVALID_REFRESH_TOKEN")


def test_a_symfony_client_signs_in_and_refreshes_in_its_bundles_shapes(visitor: Person, alice: Person) -> None:
    """S4-43 to S4-45, C4-4."""
    signed_in = visitor.post("/api/login_check", {"username": alice.email, "password": PASSWORD})
    assert (signed_in.status_code, signed_in.json().keys()) == (200, {"token", "refresh_token"})

    refreshed = visitor.post("/api/token/refresh", {"refresh_token": signed_in.json()["refresh_token"]})
    assert (refreshed.status_code, refreshed.json().keys()) == (200, {"token", "refresh_token"})
    assert visitor.get("/api/user/profile", headers=bearer(refreshed.json()["token"])).json()["email"] == alice.email

    forged = visitor.post("/api/token/refresh", {"refresh_token": "made up"})
    assert (forged.status_code, forged.json()) == (401, {"code": 401, "message": "Invalid JWT Refresh Token"})


def test_signing_out_without_a_refresh_token_ends_the_sign_in_of_the_access_token(alice: Person) -> None:
    assert alice.post("/api/logout", {}).status_code == 200

    assert error(alice.post("/api/refresh-token", {"refresh_token": alice.refresh_token})) == (401, "INVALID_REFRESH_TOKEN")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("login", None, 400, "MISSING_CREDENTIALS"),
        ("login", {}, 400, "MISSING_CREDENTIALS"),
        ("login", [], 400, "MISSING_CREDENTIALS"),
        ("login", {"email": "ada@example.com"}, 400, "MISSING_CREDENTIALS"),
        ("login", {"email": "ada@example.com", "password": 7}, 400, "VALIDATION_FAILED"),
        ("login", {"email": "ada@example.com", "password": "x", "token": "x"}, 400, "VALIDATION_FAILED"),
        ("login", {"email": "nobody@example.com", "password": "x"}, 401, "INVALID_CREDENTIALS"),
        ("register", {"username": "ada", "password": PASSWORD}, 400, "MISSING_FIELDS"),
        ("register", {"email": "no address", "password": PASSWORD}, 400, "VALIDATION_FAILED"),
        ("register", {"email": "a@example.com", "password": PASSWORD, "roles": ["admin"]}, 400, "VALIDATION_FAILED"),
        ("register", {"email": "a@example.com", "password": "short"}, 400, "WEAK_PASSWORD"),
        ("register", {"email": "a@example.com", "password": "Password123"}, 400, "WEAK_PASSWORD"),
        ("refresh-token", {}, 400, "MISSING_REFRESH_TOKEN"),
        ("refresh-token", {"refresh_token": "made up"}, 401, "INVALID_REFRESH_TOKEN"),
        ("logout", {"refresh_token": "made up"}, 401, "INVALID_REFRESH_TOKEN"),
        ("request-password-reset", {}, 400, "MISSING_FIELDS"),
        ("request-password-reset", {"email": "no address"}, 400, "VALIDATION_FAILED"),
        ("reset-password", {"new_password": "another long one"}, 400, "MISSING_FIELDS"),
        ("reset-password", {"token": "x", "new_password": "short"}, 400, "WEAK_PASSWORD"),
        ("reset-password", {"token": "x", "new_password": "another long one"}, 400, "INVALID_RESET_TOKEN"),
    ],
)
def test_a_refusal_has_the_clients_code_and_does_not_make_it_try_again(
    visitor: Person, path: str, body: Any, status: int, code: str
) -> None:
    """C4-2: every code, and no word for which the client would refresh."""
    answer = visitor.post(f"/api/{path}", body)

    assert error(answer) == (status, code)
    assert not RETRIES.search(answer.json()["error"]["message"])


def test_what_is_no_json_is_told_like_what_is_missing(visitor: Person) -> None:
    for content in (b"{", b"email=a", b'{"email": NaN}', b"\xff"):
        answer = visitor.post("/api/login", content=content, headers={"Content-Type": "application/json"})
        assert error(answer) == (400, "MISSING_CREDENTIALS")


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/me"), ("POST", "/api/logout"), ("POST", "/api/change-password")])
@pytest.mark.parametrize("headers", [{}, bearer("garbage"), bearer("a.b.c"), {"Authorization": "Basic YTpi"}])
def test_a_stranger_cannot_pass_and_is_told_to_refresh(
    visitor: Person, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = visitor.http.request(method, path, headers=headers)

    assert error(answer) == (401, "NOT_AUTHENTICATED")
    assert RETRIES.search(answer.json()["error"]["message"]) and "Bearer" in answer.headers["www-authenticate"]


def test_a_body_that_is_too_large_is_refused_in_the_clients_shape_or_at_the_gate(visitor: Person) -> None:
    assert visitor.post("/api/login", {"email": "x" * 70_000, "password": "x"}).status_code == 413


def test_a_password_is_changed_only_by_who_knows_it(visitor: Person, alice: Person) -> None:
    """C4-3, C4-2."""
    wrong = alice.post("/api/change-password", {"current_password": "not that one", "new_password": "another long one"})
    assert error(wrong) == (400, "INVALID_CURRENT_PASSWORD")

    changed = alice.post("/api/change-password", {"current_password": PASSWORD, "new_password": "another long one"})
    assert (changed.status_code, changed.json().keys()) == (200, {"message"})

    assert error(visitor.post("/api/login", {"email": alice.email, "password": PASSWORD})) == (401, "INVALID_CREDENTIALS")
    assert visitor.post("/api/login", {"email": alice.email, "password": "another long one"}).status_code == 200


def test_a_lost_password_is_replaced_by_the_mail_and_never_by_the_answer(stack: Stack, visitor: Person, alice: Person) -> None:
    """C4-3."""
    asked = visitor.post("/api/request-password-reset", {"email": alice.email})
    nobodys = visitor.post("/api/request-password-reset", {"email": f"{ids.new()}@example.com"})
    assert (asked.status_code, asked.json().keys()) == (200, {"message"}) and asked.content == nobodys.content

    secret = mails.wait_for(stack, alice.email, "reset-password")
    assert secret not in asked.text
    weak = visitor.post("/api/reset-password", {"token": secret, "new_password": "password"})
    assert error(weak) == (400, "WEAK_PASSWORD")
    reset = visitor.post("/api/reset-password", {"token": secret, "new_password": "another long one"})
    assert (reset.status_code, reset.json().keys()) == (200, {"message"})

    again = visitor.post("/api/reset-password", {"token": secret, "new_password": "yet another one"})
    assert error(again) == (400, "INVALID_RESET_TOKEN") and not RETRIES.search(again.json()["error"]["message"])
    assert error(visitor.post("/api/refresh-token", {"refresh_token": alice.refresh_token})) == (401, "INVALID_REFRESH_TOKEN")
    assert visitor.post("/api/login", {"email": alice.email, "password": "another long one"}).status_code == 200


def test_a_taken_username_is_told(visitor: Person) -> None:
    """C4-2."""
    name = f"ada{ids.new().hex[-12:]}"
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    assert visitor.post("/api/register", account).status_code == 201

    second = visitor.post("/api/register", account | {"email": f"{ids.new()}@example.com"})

    assert error(second) == (409, "USER_CREATION_FAILED")


def test_the_profile_and_the_account_answer_at_seed_004s_urls(alice: Person) -> None:
    """S4-45 to S4-47, C4-4."""
    changed = alice.http.put("/api/user/profile", json={"first_name": "Ada", "last_name": "King", "birth_date": "1990-12-10"})
    assert changed.status_code == 200
    assert {"first_name": "Ada", "last_name": "King", "birth_date": "1990-12-10"}.items() <= changed.json().items()
    assert alice.get("/api/user/profile").json() == changed.json()

    moved = alice.post("/api/user/change-password", {"current_password": PASSWORD, "new_password": "another long one"})
    assert moved.status_code in {200, 204}

    asked = alice.http.request("DELETE", "/api/user/account", json={"current_password": "another long one"})
    assert asked.status_code in {200, 202}


@pytest.mark.parametrize(("method", "path"), [("GET", "profile"), ("PUT", "profile"), ("POST", "change-password")])
def test_a_stranger_cannot_pass_at_seed_004s_urls_and_hears_lexiks_words(visitor: Person, method: str, path: str) -> None:
    signed_out = visitor.http.request(method, f"/api/user/{path}", json={})
    forged = visitor.http.request(method, f"/api/user/{path}", json={}, headers=bearer("a.b.c"))

    assert (signed_out.status_code, signed_out.json()) == (401, {"code": 401, "message": "JWT Token not found"})
    assert (forged.status_code, forged.json()) == (401, {"code": 401, "message": "Invalid JWT Token"})


def test_its_documents_are_where_its_readme_says(nobody: Person) -> None:
    """C4-4."""
    assert nobody.get("/api/docs").status_code == 200
    document = nobody.http.get("/api/docs.json", follow_redirects=True)
    assert "/api/login" in document.json()["paths"]


def test_who_has_a_second_factor_is_asked_for_it_in_each_shape(alice: Person, visitor: Person) -> None:
    device = turned_on(alice)
    asked = visitor.post("/api/login", {"email": alice.email, "password": PASSWORD})
    assert error(asked) == (401, "SECOND_FACTOR_NEEDED") and not RETRIES.search(asked.json()["error"]["message"])
    lexiks = visitor.post("/api/login_check", {"username": alice.email, "password": PASSWORD})
    assert (lexiks.status_code, lexiks.json().keys()) == (401, {"code", "message", "challenge"})

    challenge = asked.json()["error"]["details"]["challenge"]
    passed = visitor.post("/api/auth/second-factor", {"challenge": challenge, "code": device.code()})

    assert visitor.get("/api/me", headers=bearer(passed.json()["access_token"])).status_code == 200
