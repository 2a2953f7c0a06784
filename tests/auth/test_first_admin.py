"""How the first administrator and those who are invited begin. SECURITY 8, 14, P38."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from services.auth import first_admin
from shared import ids
from tests import errands, mails, people
from tests.auth.administrators import make_admin, run
from tests.people import PASSWORD, Person
from tests.stack import Stack

AT_ONCE = 50
MAIL_SECONDS = 20


@pytest.fixture
def unadministered(stack: Stack) -> Iterator[Stack]:
    """A Tutti without any administrator."""
    run(stack, "UPDATE users SET roles = '[\"user\"]'")
    yield stack
    run(stack, "UPDATE users SET roles = '[\"user\"]'")


def printed_token(stack: Stack) -> str:
    """What whoever holds the machine is shown."""
    return token_in(errands.call(stack, "auth", first_admin.main).stdout)


def token_in(text: str) -> str:
    found = re.search(r'"token": "([\w-]+)"', text)
    return found[1] if found else ""


def mail_to(stack: Stack, address: str) -> str:
    """The text of the newest mail to this address, once it has come."""
    deadline = time.monotonic() + MAIL_SECONDS
    while not (letters := mails.to(stack, address)):
        assert time.monotonic() < deadline, f"no mail to {address}"
        time.sleep(0.05)
    body = letters[-1].get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def secret_in(text: str) -> str:
    return text.split("/invitation#")[1].split()[0]


def test_the_first_start_shows_a_token_on_the_terminal_and_in_no_log(stack: Stack) -> None:
    shown = re.search(r'"token": "([\w-]{43})"', stack.output.read_text())

    assert shown
    assert not [path for path in (stack.home / "logs").iterdir() if shown[1] in path.read_text(errors="replace")]


def test_the_printed_token_makes_one_administrator_once(unadministered: Stack, alice: Person, bob: Person) -> None:
    token = token_in(errands.run(unadministered, "services.auth.first_admin").stdout)

    made = alice.post("/api/auth/first-admin", {"token": token})

    assert made.status_code == 200 and made.json()["role"] == "admin"
    assert alice.get("/api/admin/users").status_code == 403  # this token is of before
    people.sign_in(alice)
    assert alice.get("/api/admin/users").status_code == 200
    assert bob.post("/api/auth/first-admin", {"token": token}).json()["code"] == "administrator_exists"
    assert printed_token(unadministered) == ""


def test_of_fifty_at_once_one_becomes_the_first_administrator(unadministered: Stack, alice: Person, bob: Person) -> None:
    token = printed_token(unadministered)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = [alice, bob] * (AT_ONCE // 2)
        answers = list(pool.map(lambda person: person.post("/api/auth/first-admin", {"token": token}).status_code, asking))

    assert answers.count(200) == 1 and set(answers) <= {200, 400, 409, 503}


def test_a_token_is_good_for_a_quarter_of_an_hour(unadministered: Stack, alice: Person) -> None:
    token = printed_token(unadministered)
    run(
        unadministered,
        "UPDATE one_time_tokens SET expires_at = expires_at - interval '15 minutes' WHERE purpose = 'first_admin'",
    )

    assert alice.post("/api/auth/first-admin", {"token": token}).json()["code"] == "one_time_token_invalid"


def test_a_fresh_token_takes_the_place_of_the_one_before(unadministered: Stack, alice: Person) -> None:
    first, second = printed_token(unadministered), printed_token(unadministered)

    assert alice.post("/api/auth/first-admin", {"token": first}).status_code == 400
    assert alice.post("/api/auth/first-admin", {"token": second}).status_code == 200


def test_a_stranger_cannot_become_the_first_administrator(unadministered: Stack, alice: Person, nobody: Person) -> None:
    token = printed_token(unadministered)

    assert nobody.post("/api/auth/first-admin", {"token": token}).status_code == 401
    for guess in ("", "x", token[:-1], token + "x", "%", "😀"):
        assert alice.post("/api/auth/first-admin", {"token": guess}).status_code in (400, 422)
    assert alice.post("/api/auth/first-admin", {"token": token, "roles": ["admin"]}).status_code == 422


def test_there_is_no_account_that_nobody_made(unadministered: Stack, nobody: Person) -> None:
    for name in ("admin", "root", "tutti", "admin@example.com", "admin@localhost", "postgres"):
        for password in ("", "admin", "tutti", "password", "changeme"):
            assert nobody.post("/api/login_check", {"username": name, "password": password}).status_code in (401, 429)


def invite(stack: Stack, carol: Person) -> dict[str, str]:
    made: dict[str, str] = carol.post("/api/admin/users", {"email": f"inv-{ids.new()}@example.com", "name": "Inga"}).json()
    return made


def test_whoever_is_invited_chooses_a_password_and_signs_in(stack: Stack, alice: Person, nobody: Person) -> None:
    carol = make_admin(stack, alice)
    made = invite(stack, carol)
    assert nobody.post("/api/auth/login", {"email": made["email"], "password": ""}).status_code == 401
    secret = secret_in(mail_to(stack, made["email"]))

    weak = nobody.post("/api/auth/accept-invitation", {"token": secret, "password": "password"})
    taken = nobody.post("/api/auth/accept-invitation", {"token": secret, "password": PASSWORD})

    assert (weak.status_code, taken.status_code) == (422, 204)
    assert nobody.post("/api/auth/login", {"email": made["email"], "password": PASSWORD}).status_code == 200
    assert carol.get(f"/api/admin/users/{made['id']}").json()["email_confirmed"] is True
    assert nobody.post("/api/auth/accept-invitation", {"token": secret, "password": PASSWORD}).status_code == 400


def test_of_fifty_at_once_one_accepts_an_invitation(stack: Stack, alice: Person, nobody: Person) -> None:
    made = invite(stack, make_admin(stack, alice))
    secret = secret_in(mail_to(stack, made["email"]))

    def accept(number: int) -> int:
        chosen = {"token": secret, "password": f"{PASSWORD} {number}"}
        while (answer := httpx2.post(f"{stack.url}/api/auth/accept-invitation", json=chosen, timeout=60)).status_code == 503:
            time.sleep(0.2)  # hashing is two at a time
        return answer.status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(accept, range(AT_ONCE)))
    assert sorted(answers) == [204] + [400] * (AT_ONCE - 1)


def test_an_invitation_ends_with_the_account_that_is_disabled(stack: Stack, alice: Person, nobody: Person) -> None:
    carol = make_admin(stack, alice)
    made = invite(stack, carol)
    secret = secret_in(mail_to(stack, made["email"]))
    carol.post(f"/api/admin/users/{made['id']}/disable")
    carol.post(f"/api/admin/users/{made['id']}/enable")

    assert nobody.post("/api/auth/accept-invitation", {"token": secret, "password": PASSWORD}).status_code == 400
