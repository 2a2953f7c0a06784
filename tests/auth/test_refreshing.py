"""Refresh tokens rotate; an old one ends the sign-in; an honest client never notices."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import jwt
import pytest
from sqlalchemy import text

from services.auth import revocations
from shared import db, ids
from tests.people import Person
from tests.stack import Stack


def refresh(person: Person, token: str) -> httpx2.Response:
    return person.post("/api/auth/refresh", {"refresh_token": token})


def age(stack: Stack, person: Person, column: str, words: str) -> None:
    """Move an instant of the person's sign-ins into the past, since no test waits a month."""
    engine = stack.engine("auth-worker")
    statements = {
        "rotated_at": text("UPDATE user_sessions SET rotated_at = now() - :past ::interval WHERE user_id = :user_id"),
        "expires_at": text("UPDATE user_sessions SET expires_at = now() - :past ::interval WHERE user_id = :user_id"),
    }
    with db.transaction(engine) as session:
        session.execute(statements[column], {"past": words, "user_id": person.id})
    engine.dispose()


def test_a_refresh_gives_fresh_tokens_that_work(alice: Person) -> None:
    answer = refresh(alice, alice.refresh_token)

    fresh = answer.json()
    assert answer.status_code == 200 and fresh["refresh_token"] != alice.refresh_token
    assert alice.get("/api/user/profile", headers={"Authorization": f"Bearer {fresh['access_token']}"}).status_code == 200
    assert refresh(alice, fresh["refresh_token"]).status_code == 200


def test_a_lost_answer_may_be_asked_for_again(alice: Person) -> None:
    first = refresh(alice, alice.refresh_token).json()["refresh_token"]

    again = refresh(alice, alice.refresh_token)

    assert again.status_code == 200 and again.json()["refresh_token"] == first


def test_fifty_refreshes_at_once_have_one_successor(alice: Person) -> None:
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: refresh(alice, alice.refresh_token), range(50)))

    assert {each.status_code for each in answers} == {200}
    successors = {each.json()["refresh_token"] for each in answers}
    assert len(successors) == 1 and refresh(alice, successors.pop()).status_code == 200


def test_an_old_token_ends_the_sign_in_for_good(alice: Person) -> None:
    stolen = alice.refresh_token
    second = refresh(alice, stolen).json()["refresh_token"]
    newest = refresh(alice, second).json()["refresh_token"]

    reused = refresh(alice, stolen)

    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_token_reused")
    assert [refresh(alice, token).status_code for token in (newest, second, stolen)] == [401] * 3


def test_the_parent_token_counts_as_old_after_a_minute(stack: Stack, alice: Person) -> None:
    newest = refresh(alice, alice.refresh_token).json()["refresh_token"]
    age(stack, alice, "rotated_at", "61 seconds")

    assert refresh(alice, alice.refresh_token).status_code == 401
    assert refresh(alice, newest).status_code == 401


def test_reuse_ends_the_access_tokens_within_five_seconds(alice: Person) -> None:
    second = refresh(alice, alice.refresh_token).json()["refresh_token"]
    refresh(alice, second)
    refresh(alice, alice.refresh_token)

    deadline = time.monotonic() + 5
    while (answer := alice.get("/api/user/profile")).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.1)

    assert (answer.status_code, answer.json()["message"]) == (401, "This sign-in has ended. Sign in again.")


def test_an_idle_sign_in_ends(stack: Stack, alice: Person) -> None:
    age(stack, alice, "expires_at", "1 second")

    assert refresh(alice, alice.refresh_token).json()["code"] == "refresh_token_invalid"


def test_an_inactive_person_cannot_refresh_or_sign_in(stack: Stack, alice: Person) -> None:
    engine = stack.engine("auth-worker")
    with db.transaction(engine) as session:
        session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": alice.id})
    engine.dispose()

    assert refresh(alice, alice.refresh_token).status_code == 401
    signing_in = alice.post("/api/login_check", {"username": alice.email, "password": alice.password})
    assert signing_in.content == b'{"code":401,"message":"Invalid credentials."}'


@pytest.mark.parametrize(
    "forge",
    [
        lambda token, other: "",
        lambda token, other: "v1",
        lambda token, other: token[:-1],
        lambda token, other: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token, other: token.replace(".1.", ".2."),
        lambda token, other: token.replace(".1.", ".01."),
        lambda token, other: token.replace("v1.", "v2."),
        lambda token, other: ".".join([*token.split(".")[:3], other.split(".")[3]]),
        lambda token, other: token.replace(token.split(".")[1], other.split(".")[1]),
        lambda token, other: token.replace(token.split(".")[1], str(ids.new())),
        lambda token, other: token.replace(token.split(".")[1], "------------------------------------"),
        lambda token, other: token + "\n",
        lambda token, other: token.upper(),
    ],
)
def test_a_stranger_cannot_make_a_refresh_token(alice: Person, bob: Person, forge: object) -> None:
    assert callable(forge)
    answer = refresh(alice, forge(alice.refresh_token, bob.refresh_token))

    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_token_invalid")
    assert refresh(alice, alice.refresh_token).status_code == 200


def test_an_access_token_is_no_refresh_token(alice: Person) -> None:
    assert refresh(alice, alice.token[:512]).status_code == 401


def test_a_token_of_the_second_in_which_all_others_ended_is_dated_after_it(stack: Stack, alice: Person) -> None:
    engine = stack.engine("auth-worker")
    with db.transaction(engine) as session:
        revocations.revoke(session, user_id=alice.id)
        mark = revocations.newest(session, user_id=alice.id)
    engine.dispose()

    fresh = alice.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).json()

    assert jwt.decode(fresh["access_token"], options={"verify_signature": False})["iat"] > mark


def test_a_token_of_that_second_ends_with_its_sign_in_all_the_same(stack: Stack, alice: Person) -> None:
    engine = stack.engine("auth-worker")
    with db.transaction(engine) as session:
        revocations.revoke(session, user_id=alice.id)
    engine.dispose()
    fresh = alice.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).json()
    alice.http.headers["Authorization"] = f"Bearer {fresh['access_token']}"

    assert alice.post("/api/auth/logout", {}).status_code == 204

    ends = time.monotonic() + 5
    while alice.get("/files").status_code != 401:
        assert time.monotonic() < ends
        time.sleep(0.1)
