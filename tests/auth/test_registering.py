"""Somebody new makes an account."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from shared import db, ids
from tests import mails
from tests.people import PASSWORD, Person
from tests.stack import Stack


def new(**changed: Any) -> dict[str, Any]:
    return {"email": f"new-{ids.new()}@example.com", "password": PASSWORD} | changed


def test_an_account_is_made_in_seed_004s_shape(nobody: Person) -> None:
    answer = nobody.post("/api/register", new(email="Ada.L@Example.com", username="Ada", name="Ada L"))

    assert answer.status_code == 201
    made = answer.json()
    assert made.keys() == {"message", "user"} and made["user"].keys() == {"id", "username", "email", "role"}
    assert (made["user"]["email"], made["user"]["username"], made["user"]["role"]) == ("ada.l@example.com", "Ada", "user")
    assert "$argon2" not in answer.text and PASSWORD not in answer.text


def test_an_account_is_made_in_our_own_shape(nobody: Person) -> None:
    answer = nobody.post("/api/auth/register", new())

    assert answer.status_code == 201 and answer.json().keys() == {"user"}


@pytest.mark.parametrize("path", ["/api/register", "/api/auth/register"])
def test_a_taken_address_is_answered_as_a_new_one_and_its_owner_is_told(stack: Stack, nobody: Person, path: str) -> None:
    """SECURITY 7."""
    wanted = new()
    first = nobody.post(path, wanted)

    second = nobody.post(path, wanted | {"email": wanted["email"].upper(), "password": "another long password"})

    assert first.status_code == second.status_code == 201
    made, pretended = first.json()["user"], second.json()["user"]
    assert made.keys() == pretended.keys() and made["id"] != pretended["id"] and len(first.content) == len(second.content)
    assert made | {"id": ""} == pretended | {"id": ""}
    assert mails.wait(stack, wanted["email"], "You have an account already")
    for password, status in ((PASSWORD, 200), ("another long password", 401)):
        assert nobody.post("/api/auth/login", {"email": wanted["email"], "password": password}).status_code == status


def test_a_username_that_was_asked_for_with_a_taken_address_is_still_free(nobody: Person) -> None:
    wanted, name = new(), f"Ada{ids.new().hex[-12:]}"
    nobody.post("/api/register", wanted)

    pretended = nobody.post("/api/register", wanted | {"username": name})

    assert pretended.status_code == 201
    assert nobody.post("/api/register", new(username=name)).status_code == 201


def test_a_taken_username_is_told_before_the_address_is_looked_at(nobody: Person) -> None:
    """SECURITY 7. Otherwise the answer to a taken name would tell whether the address is known."""
    known, name = new(), f"Ada{ids.new().hex[-12:]}"
    nobody.post("/api/register", known | {"username": name})

    answers = [nobody.post("/api/register", wanted | {"username": name}) for wanted in (known, new())]

    assert answers[0].status_code == 409 and answers[0].content == answers[1].content


def test_a_taken_username_is_refused_whatever_its_case(nobody: Person) -> None:
    name = f"Ada{ids.new().hex[-12:]}"
    nobody.post("/api/auth/register", new(username=name))

    second = nobody.post("/api/auth/register", new(username=name.lower()))

    assert (second.status_code, second.json()["code"]) == (409, "username_taken")


def test_five_people_who_want_one_address_at_once_make_one_account(stack: Stack, nobody: Person) -> None:
    wanted = new()

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: nobody.post("/api/register", wanted | {"password": f"{PASSWORD} {n}"}), range(5)))

    assert [each.status_code for each in answers] == [201] * 5
    assert len({each.json()["user"]["id"] for each in answers}) == 5
    signing_in = [nobody.post("/api/auth/login", {"email": wanted["email"], "password": f"{PASSWORD} {n}"}) for n in range(5)]
    assert [each.status_code for each in signing_in].count(200) == 1


def test_one_address_is_registered_a_few_times_an_hour_at_most(nobody: Person) -> None:
    wanted = new()

    assert [nobody.post("/api/register", wanted).status_code for _ in range(6)] == [201] * 5 + [429]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("password", "the most common of all"),
        ("Password123", "common but for its case"),
        ("1qaz2wsx", "a path on the keyboard"),
        ("short7!", "seven characters"),
        ("", "nothing"),
        ("x" * 129, "longer than is taken"),
        ("grace.hopper-1906", "the address's own local part"),
    ],
)
def test_weak_passwords_are_refused(nobody: Person, password: str, why: str) -> None:
    answer = nobody.post("/api/auth/register", new(email="grace.hopper@example.com", password=password))

    assert answer.status_code == 422, why
    assert [each["field"] for each in answer.json()["errors"]] == ["password"]


@pytest.mark.parametrize("password", ["8 chars!", "x" * 73, "ü" * 128, "  spaces count  ", "correct horse battery staple"])
def test_strong_passwords_of_any_kind_are_taken_whole(nobody: Person, password: str) -> None:
    made = new(password=password)
    assert nobody.post("/api/auth/register", made).status_code == 201

    def signs_in(typed: str) -> bool:
        return nobody.post("/api/login_check", {"username": made["email"], "password": typed}).status_code == 200

    assert signs_in(password) and not signs_in(password[:-1])


@pytest.mark.parametrize(
    "changed",
    [
        {"email": "no address"},
        {"email": "a@b"},
        {"email": "ada@localhost"},
        {"email": "ada\r\nBcc: all@example.com"},
        {"email": f"{'a' * 250}@example.com"},
        {"email": None},
        {"username": "ada@example.com"},  # it could be taken for somebody's address
        {"username": ""},
        {"time_zone": "Mars/Olympus"},
        {"roles": ["admin"]},  # nobody names themselves
        {"role": "admin"},
        {"is_active": True},
        {"id": str(ids.new())},
    ],
)
def test_what_makes_no_account_is_named(nobody: Person, changed: dict[str, Any]) -> None:
    answer = nobody.post("/api/auth/register", new(**changed))

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == list(changed)


def test_repeating_a_registration_with_its_key_makes_one_account(nobody: Person) -> None:
    key, wanted = {"Idempotency-Key": str(ids.new())}, new()

    first = nobody.post("/api/auth/register", wanted, headers=key)
    second = nobody.post("/api/auth/register", wanted, headers=key)
    other = nobody.post("/api/auth/register", wanted | {"password": "another long password"}, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content and second.headers["idempotent-replayed"] == "true"
    assert (
        other.status_code == 201 and other.json()["user"]["id"] != first.json()["user"]["id"]
    )  # signed out, another body is another request


def test_the_hash_that_is_kept_costs_what_owasp_asks(stack: Stack, alice: Person) -> None:
    engine = stack.engine("auth")
    with db.transaction(engine, user_id=alice.id) as session:
        kept = session.scalar(text("SELECT password FROM users"))
    engine.dispose()

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
