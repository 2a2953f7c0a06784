"""Signing in, and what is told to those who cannot."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import jwt
import pytest

from shared import ids
from tests import people
from tests.people import PASSWORD, Person
from tests.stack import Stack

CLAIMS = {"iss", "aud", "sub", "sid", "gen", "jti", "iat", "nbf", "exp", "roles", "zoneinfo", "type", "fresh"}


@pytest.fixture
def guesser(stack: Stack) -> Iterator[Person]:
    """Somebody at another address than everybody else, so that the limit they run into is theirs alone."""
    transport = httpx2.HTTPTransport(local_address=f"127.0.0.{2 + int(ids.new()) % 250}")
    with httpx2.Client(base_url=stack.url, transport=transport, trust_env=False) as http:
        yield Person(http)


def test_seed_004s_sign_in_gives_a_token_that_opens_the_profile(alice: Person, nobody: Person) -> None:
    answer = nobody.post("/api/login_check", {"username": alice.email.upper(), "password": PASSWORD})

    assert answer.status_code == 200 and answer.json().keys() == {"token", "refresh_token"}
    profile = nobody.get("/api/user/profile", headers={"Authorization": f"Bearer {answer.json()['token']}"})
    assert profile.json()["id"] == str(alice.id)
    assert answer.headers["cache-control"] == "no-store"


def test_our_own_sign_in_gives_tokens_and_the_user(alice: Person, nobody: Person) -> None:
    answer = nobody.post("/api/auth/login", {"email": alice.email, "password": PASSWORD}).json()

    assert answer.keys() == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["user"] == {"id": str(alice.id), "username": None, "email": alice.email, "role": "user"}


def test_a_username_signs_in_too(nobody: Person) -> None:
    name = f"Grace{ids.new().hex[-12:]}"
    nobody.post("/api/register", {"email": f"{name}@example.com", "password": PASSWORD, "username": name})

    assert nobody.post("/api/login_check", {"username": name.lower(), "password": PASSWORD}).status_code == 200


def test_a_token_says_what_it_must_and_no_more(nobody: Person) -> None:
    email = f"{ids.new()}@example.com"
    nobody.post("/api/register", {"email": email, "password": PASSWORD, "time_zone": "Europe/Vienna"})
    token = nobody.post("/api/login_check", {"username": email, "password": PASSWORD}).json()["token"]

    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    assert header.keys() == {"alg", "typ", "kid"} and (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    assert claims.keys() == CLAIMS
    assert (claims["exp"] - claims["iat"], claims["zoneinfo"], claims["type"]) == (3600, "Europe/Vienna", "access")
    assert email not in token and len(token) < 1_000


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(alice: Person, nobody: Person) -> None:
    wrong = nobody.post("/api/login_check", {"username": alice.email, "password": "not that one"})
    unknown = nobody.post("/api/login_check", {"username": f"{ids.new()}@example.com", "password": "not that one"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content == b'{"code":401,"message":"Invalid credentials."}'
    assert wrong.headers["www-authenticate"] == "Bearer"


def test_our_own_sign_in_refuses_in_a_problem_document(alice: Person, nobody: Person) -> None:
    wrong = nobody.post("/api/auth/login", {"email": alice.email, "password": "not that one"})
    unknown = nobody.post("/api/auth/login", {"email": "nobody@example.com", "password": "not that one"})

    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert wrong.content == unknown.content


def test_an_empty_password_never_signs_in(alice: Person, nobody: Person) -> None:
    assert nobody.post("/api/login_check", {"username": alice.email, "password": ""}).status_code == 401
    assert nobody.post("/api/login_check", {"username": "", "password": ""}).status_code == 401


def test_each_sign_in_is_another_session(alice: Person) -> None:
    def session() -> str:
        return str(jwt.decode(alice.token, options={"verify_signature": False})["sid"])

    first = session()
    people.sign_in(alice)

    assert session() != first


def test_guesses_at_one_account_end_at_ten_even_all_at_once(alice: Person, guesser: Person) -> None:
    def guess(number: int) -> int:
        return guesser.post("/api/login_check", {"username": alice.email, "password": f"guess {number}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(16)))

    assert sorted(set(answers)) == [401, 429] and answers.count(401) == 10
    refused = guesser.post("/api/auth/login", {"email": alice.email, "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert 0 < int(refused.headers["retry-after"]) <= 300


def test_an_unknown_account_is_limited_like_a_known_one(guesser: Person) -> None:
    nobodys = {"username": f"{ids.new()}@example.com", "password": "guess"}

    assert [guesser.post("/api/login_check", nobodys).status_code for _ in range(11)] == [401] * 10 + [429]


def test_a_forged_address_changes_nothing_about_the_limit(guesser: Person) -> None:
    def guess(number: int) -> int:
        forged = {"X-Forwarded-For": f"10.0.0.{number}", "X-Real-Ip": f"10.0.0.{number}"}
        return guesser.post("/api/login_check", {"username": f"{ids.new()}@e.com", "password": "g"}, headers=forged).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(70)))

    assert answers.count(401) == 60 and answers.count(429) == 10


def test_those_who_sign_in_rightly_are_not_counted(alice: Person, guesser: Person) -> None:
    credentials = {"username": alice.email, "password": PASSWORD}

    assert [guesser.post("/api/login_check", credentials).status_code for _ in range(15)] == [200] * 15


def test_forty_sign_ins_at_once_are_answered_and_leave_others_their_turn(alice: Person, nobody: Person) -> None:
    def sign_in(_: int) -> int:
        return nobody.post("/api/auth/login", {"email": alice.email, "password": PASSWORD}).status_code

    with ThreadPoolExecutor(9) as pool:
        answers = pool.map(sign_in, range(40))
        healths = [nobody.get("/.well-known/jwks.json").elapsed.total_seconds() for _ in range(10)]
        answered = list(answers)

    assert set(answered) <= {200, 503} and answered.count(200) >= 36
    assert max(healths) < 2


def test_a_twenty_first_sign_in_ends_the_one_not_used_for_longest(alice: Person, nobody: Person) -> None:
    first = alice.refresh_token
    for _ in range(20):
        people.sign_in(alice)

    assert nobody.post("/api/auth/refresh", {"refresh_token": first}).status_code == 401
    assert nobody.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).status_code == 200


def test_an_address_is_typed_as_it_was_registered(nobody: Person) -> None:
    address = f"{ids.new()}@bücher.example"
    nobody.post("/api/register", {"email": address, "password": people.PASSWORD})

    assert nobody.post("/api/login_check", {"username": address, "password": people.PASSWORD}).status_code == 200
