"""Somebody has lost their password, or wants another one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import mails, people
from tests.people import PASSWORD, Person
from tests.stack import Stack

RESET = "Choose a new password"
NEW = "an entirely different phrase"


def ask(person: Person, email: str) -> None:
    assert person.post("/api/auth/request-password-reset", {"email": email}).status_code == 202


def secret_for(stack: Stack, person: Person, *, number: int = 1) -> str:
    ask(person, person.email)
    return mails.secret(mails.wait(stack, person.email, RESET, number=number))


def test_a_new_password_by_mail_ends_every_sign_in(stack: Stack, alice: Person, nobody: Person) -> None:
    """SECURITY 9, 10, 18."""
    elsewhere = people.nobody(stack.url)
    elsewhere.email = alice.email
    people.sign_in(elsewhere)
    ask(nobody, alice.email)
    other = mails.secret(mails.wait(stack, alice.email, RESET))

    token = secret_for(stack, alice, number=2)
    answer = nobody.post("/api/auth/reset-password", {"token": token, "new_password": NEW})

    assert (answer.status_code, answer.content) == (204, b"")
    for refresh_token in (alice.refresh_token, elsewhere.refresh_token):
        assert nobody.post("/api/auth/refresh", {"refresh_token": refresh_token}).status_code == 401
    assert nobody.post("/api/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 401
    assert nobody.post("/api/auth/login", {"email": alice.email, "password": NEW}).status_code == 200
    for used in (token, other):
        refused = nobody.post("/api/auth/reset-password", {"token": used, "new_password": NEW})
        assert (refused.status_code, refused.json()["code"]) == (400, "one_time_token_invalid")
    assert mails.wait(stack, alice.email, "Your password was changed")


def test_a_weak_new_password_leaves_the_link_good(stack: Stack, alice: Person) -> None:
    """SECURITY 2."""
    token = secret_for(stack, alice)

    weak = alice.post("/api/auth/reset-password", {"token": token, "new_password": "Password123"})
    own = alice.post("/api/auth/reset-password", {"token": token, "new_password": alice.email})

    assert (weak.status_code, own.status_code) == (422, 422)
    assert alice.post("/api/auth/reset-password", {"token": token, "new_password": NEW}).status_code == 204


def test_of_fifty_who_use_one_link_one_wins(stack: Stack, alice: Person) -> None:
    """SECURITY 9."""
    token = secret_for(stack, alice)

    def use(number: int) -> int:
        body = {"token": token, "new_password": f"{NEW} {number}"}
        return people.nobody(stack.url).post("/api/auth/reset-password", body).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(use, range(50)))

    assert statuses.count(204) == 1 and set(statuses) <= {204, 400, 503}
    signing_in = [{"email": alice.email, "password": f"{NEW} {number}"} for number, each in enumerate(statuses) if each == 204]
    assert alice.post("/api/auth/login", signing_in[0]).status_code == 200


def test_the_answer_is_the_same_for_an_address_without_an_account(alice: Person, nobody: Person) -> None:
    """SECURITY 7."""
    for path in ("request-password-reset", "resend", "magic-link"):
        known = nobody.post(f"/api/auth/{path}", {"email": alice.email})
        unknown = nobody.post(f"/api/auth/{path}", {"email": f"un{alice.email}"})

        assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"")
        names = [{name for name in answer.headers if name.lower() != "date"} for answer in (known, unknown)]
        assert names[0] == names[1]


def test_nobody_is_flooded_with_mails_whether_they_have_an_account_or_not(alice: Person, nobody: Person) -> None:
    for email in (alice.email, f"un{alice.email}"):
        answers = [nobody.post("/api/auth/request-password-reset", {"email": email}) for _ in range(6)]

        assert [each.status_code for each in answers] == [202] * 5 + [429]
        assert int(answers[5].headers["retry-after"]) > 3000
    assert nobody.post("/api/auth/magic-link", {"email": alice.email}).status_code == 202


@pytest.mark.parametrize("path", ["/api/auth/change-password", "/api/user/change-password"])
def test_a_password_is_changed_with_the_present_one(stack: Stack, alice: Person, nobody: Person, path: str) -> None:
    """SECURITY 10, 11."""
    elsewhere = people.nobody(stack.url)
    elsewhere.email = alice.email
    people.sign_in(elsewhere)
    pending = secret_for(stack, alice)

    wrong = alice.post(path, {"current_password": "not mine at all", "new_password": NEW})
    right = alice.post(path, {"current_password": PASSWORD, "new_password": NEW})

    assert (wrong.status_code, wrong.json()["code"]) == (400, "current_password_wrong")
    assert right.status_code == 204
    assert nobody.post("/api/auth/refresh", {"refresh_token": elsewhere.refresh_token}).status_code == 401
    assert nobody.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).status_code == 200
    assert nobody.post("/api/auth/reset-password", {"token": pending, "new_password": NEW}).status_code == 400
    assert mails.wait(stack, alice.email, "Your password was changed")


def test_other_sign_ins_stay_where_that_is_asked_for(stack: Stack, alice: Person, nobody: Person) -> None:
    elsewhere = people.nobody(stack.url)
    elsewhere.email = alice.email
    people.sign_in(elsewhere)

    changed = {"current_password": PASSWORD, "new_password": NEW, "end_others": False}
    assert alice.post("/api/auth/change-password", changed).status_code == 204

    assert nobody.post("/api/auth/refresh", {"refresh_token": elsewhere.refresh_token}).status_code == 200


def test_a_thief_of_a_token_cannot_go_on_guessing_the_password(alice: Person) -> None:
    """SECURITY 11."""
    guess = {"current_password": "a guess", "new_password": NEW}

    statuses = [alice.post("/api/auth/change-password", guess).status_code for _ in range(12)]

    assert statuses == [400] * 10 + [429] * 2


def test_a_stranger_cannot_change_a_password(nobody: Person, alice: Person, bob: Person) -> None:
    changed = {"current_password": PASSWORD, "new_password": NEW}
    assert nobody.post("/api/auth/change-password", changed).status_code == 401
    assert nobody.post("/api/auth/reset-password", {"token": "a" * 43, "new_password": NEW}).status_code == 400

    assert bob.post("/api/auth/change-password", changed | {"user_id": str(alice.id)}).status_code == 422
    assert nobody.post("/api/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 200
