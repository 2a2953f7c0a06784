"""The second factor: what it takes to turn it on, to get in with it, and to be rid of it."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pyotp
import pytest
from sqlalchemy import text

from services.auth import codes, second_factors
from services.auth.errors import CodeWrong
from shared import db, ids
from shared.sealing import Seals
from tests import mails, people
from tests.auth.administrators import make_admin
from tests.people import PASSWORD, Person
from tests.stack import Stack

FACTOR, SIGN_IN = "/api/user/second-factor", "/api/auth/second-factor"
STEP_SECONDS = 30
A_TEST_SECONDS = 4  # between the first code and the last of a test, so that no step ends meanwhile


@dataclass
class Authenticator:
    """A device that shows codes. Codes of the step before and after the present one are good too, each once."""

    secret: str
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(time.time() + steps * STEP_SECONDS)


def turned_on(person: Person) -> Authenticator:
    """Turn it on, with the code of the step before: those of now and of the next step are left, for some seconds at least."""
    if (left := STEP_SECONDS - time.time() % STEP_SECONDS) < A_TEST_SECONDS:
        time.sleep(left)
    secret = person.post(FACTOR, {"current_password": PASSWORD}).json()["secret"]
    device = Authenticator(secret, [])
    confirmed = person.post(f"{FACTOR}/confirm", {"code": device.code(-1)})
    assert confirmed.status_code == 200, confirmed.text
    device.recovery_codes = confirmed.json()["recovery_codes"]
    return device


def challenge(person: Person) -> str:
    """The first half of a sign-in."""
    answer = person.post("/api/auth/login", {"email": person.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_needed"), answer.text
    return str(answer.json()["challenge"])


def passed(person: Person, waiting: str, code: str) -> httpx2.Response:
    return person.post(SIGN_IN, {"challenge": waiting, "code": code})


def turn_off(person: Person, **proof: Any) -> httpx2.Response:
    return person.http.request("DELETE", FACTOR, json=proof)


def confirmed(stack: Stack, person: Person) -> None:
    """Somebody who has shown that they read their mail; before, the first link in a mail ends every other way in."""
    token = mails.wait_for(stack, person.email, "confirm-email")
    assert person.post("/api/auth/confirm", {"token": token}).status_code == 204


def told(stack: Stack, person: Person, words: str) -> bool:
    """Whether a mail with these words comes to somebody."""
    deadline = time.monotonic() + mails.WITHIN_SECONDS
    while time.monotonic() < deadline:
        if any(words in mail.as_string() for mail in mails.to(stack, person.email)):
            return True
        time.sleep(0.05)
    return False


def test_a_sign_in_needs_the_code_once_it_is_turned_on(alice: Person, nobody: Person) -> None:
    """SECURITY 29: ten recovery codes of more than 112 bits."""
    assert alice.get(FACTOR).json() == {"enabled": False, "confirmed_at": None, "recovery_codes_left": 0}
    device = turned_on(alice)

    state = alice.get(FACTOR).json()
    answer = passed(nobody, challenge(alice), device.code())

    assert state["enabled"] and state["confirmed_at"].endswith("Z") and state["recovery_codes_left"] == 10
    assert len(set(device.recovery_codes)) == 10 and len(device.recovery_codes[0].replace("-", "")) == 25
    assert answer.status_code == 200 and answer.json()["user"]["id"] == str(alice.id)
    token = answer.json()["access_token"]
    assert nobody.get(FACTOR, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_proposed_factor_counts_only_once_confirmed(alice: Person) -> None:
    proposed = alice.post(FACTOR, {"current_password": PASSWORD})

    wrong = alice.post(f"{FACTOR}/confirm", {"code": "000000"})

    assert proposed.status_code == 201
    assert proposed.json()["otpauth_url"].startswith("otpauth://totp/Tutti:alice") and len(proposed.json()["secret"]) == 32
    assert (wrong.status_code, wrong.json()["code"]) == (400, "code_wrong")
    people.sign_in(alice)


def test_it_takes_the_current_password_and_codes_to_change_anything(alice: Person) -> None:
    """SECURITY 11."""
    for body in ({}, {"current_password": "not that one"}):
        assert alice.post(FACTOR, body).json()["code"] == "current_password_wrong"
    device = turned_on(alice)

    assert alice.post(FACTOR, {"current_password": PASSWORD}).json()["code"] == "second_factor_is_on"
    assert alice.post(f"{FACTOR}/confirm", {"code": device.code()}).status_code == 409
    assert turn_off(alice, current_password="not that one", code=device.code()).status_code == 400
    assert turn_off(alice, current_password=PASSWORD, code="000000").status_code == 400
    assert turn_off(alice, current_password=PASSWORD).status_code == 422
    assert turn_off(alice, current_password=PASSWORD, code=device.code()).status_code == 204
    people.sign_in(alice)
    assert alice.get(FACTOR).json()["recovery_codes_left"] == 0


def test_a_code_is_good_once(alice: Person) -> None:
    device = turned_on(alice)
    code = device.code()

    first, again = passed(alice, challenge(alice), code), passed(alice, challenge(alice), code)

    assert (first.status_code, again.status_code, again.json()["code"]) == (200, 400, "code_wrong")


def test_a_code_of_the_step_before_a_used_one_counts_no_longer(alice: Person) -> None:
    device = turned_on(alice)

    assert passed(alice, challenge(alice), device.code(1)).status_code == 200
    assert passed(alice, challenge(alice), device.code()).status_code == 400


@pytest.mark.parametrize("steps", [-10, -3, 3, 10])
def test_a_code_of_another_time_is_no_code(alice: Person, steps: int) -> None:
    device = turned_on(alice)

    assert passed(alice, challenge(alice), device.code(steps)).json()["code"] == "code_wrong"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٣٤٥٦٧٨", "abcdef", "0" * 64])
def test_what_is_no_code_is_refused(alice: Person, code: str) -> None:
    turned_on(alice)

    assert passed(alice, challenge(alice), code).json()["code"] == "code_wrong"


def test_a_challenge_is_used_up_by_success_alone(alice: Person) -> None:
    """SECURITY 9."""
    device = turned_on(alice)
    waiting = challenge(alice)

    assert passed(alice, waiting, "000000").status_code == 400
    assert passed(alice, waiting, device.code()).status_code == 200
    again = passed(alice, waiting, device.code(1))
    assert (again.status_code, again.json()["code"]) == (400, "one_time_token_invalid")


def test_of_fifty_sign_ins_with_one_code_one_gets_in(alice: Person) -> None:
    """SECURITY 9: each has a challenge of its own, so that the code alone decides."""
    device = turned_on(alice)
    waiting = [challenge(alice) for _ in range(10)]
    code = device.code()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: passed(alice, waiting[number % 10], code).status_code, range(50)))

    assert answers.count(200) == 1 and set(answers) <= {200, 400, 429}


def test_of_fifty_uses_of_one_code_at_once_one_counts(stack: Stack, alice: Person) -> None:
    """The same without the limit that stands before it: the code of a step, then a recovery code."""
    device = turned_on(alice)
    keys = json.loads(stack.secret("auth", "sealing_keys"))
    seals = Seals({key_id: base64.b64decode(key) for key_id, key in keys.items()})
    engine = db.make_engine(stack.secret("auth", "service_database_url"), pool_size=10, application_name="tests")

    def use(code: str) -> bool:
        assert isinstance(alice.id, UUID)
        try:
            with db.transaction(engine, user_id=alice.id) as session:
                second_factors.use(session, seals, code, user_id=alice.id)
        except CodeWrong:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        used = [list(pool.map(use, [code] * 50)).count(True) for code in (device.code(), device.recovery_codes[0])]
    engine.dispose()

    assert used == [1, 1]


def test_a_recovery_code_stands_in_once(alice: Person) -> None:
    device = turned_on(alice)
    typed = device.recovery_codes[3].upper().replace("-", " ")

    first, again = passed(alice, challenge(alice), typed), passed(alice, challenge(alice), device.recovery_codes[3])

    assert (first.status_code, again.status_code) == (200, 400)
    assert alice.get(FACTOR).json()["recovery_codes_left"] == 9


def test_new_recovery_codes_end_those_before(alice: Person) -> None:
    device = turned_on(alice)

    wrong = alice.post(f"{FACTOR}/recovery-codes", {"code": "000000"})
    renewed = alice.post(f"{FACTOR}/recovery-codes", {"code": device.code()}).json()["recovery_codes"]

    assert wrong.status_code == 400 and not set(renewed) & set(device.recovery_codes)
    assert passed(alice, challenge(alice), device.recovery_codes[0]).status_code == 400
    assert passed(alice, challenge(alice), renewed[0]).status_code == 200


def test_five_wrong_codes_end_a_challenge_and_ten_an_accounts_guesses(stack: Stack, alice: Person) -> None:
    device = turned_on(alice)
    waiting = challenge(alice)

    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda _: passed(alice, waiting, "000000").status_code, range(8)))
    assert sorted(first) == [400] * 5 + [429] * 3
    waiting = challenge(alice)
    answers = [passed(alice, waiting, "000000").status_code for _ in range(5)]
    refused = passed(alice, challenge(alice), device.code())

    assert answers == [400] * 5 and refused.status_code == 429
    assert told(stack, alice, "Somebody guesses at your codes")
    assert 0 < int(refused.headers["retry-after"]) <= 900


def test_a_code_of_mine_does_not_pass_the_challenge_of_another(alice: Person, bob: Person) -> None:
    mine, theirs = turned_on(bob), turned_on(alice)

    assert passed(bob, challenge(alice), mine.code()).status_code == 400
    assert passed(bob, challenge(alice), mine.recovery_codes[0]).status_code == 400
    assert passed(alice, challenge(alice), theirs.code()).status_code == 200


@pytest.mark.parametrize("waiting", ["", "no challenge", "\x00", "x" * 129])
def test_a_challenge_that_was_never_given_is_refused(nobody: Person, waiting: str) -> None:
    assert passed(nobody, waiting, "000000").status_code in {400, 422}


def test_a_stranger_cannot_do_anything_with_a_second_factor(alice: Person, bob: Person, nobody: Person) -> None:
    device = turned_on(alice)

    assert {nobody.get(FACTOR).status_code, turn_off(nobody).status_code} == {401}
    assert {nobody.post(path, {"code": "1"}).status_code for path in (f"{FACTOR}/confirm", f"{FACTOR}/recovery-codes")} == {401}
    assert turn_off(bob, current_password=PASSWORD, code=device.code()).json()["code"] == "no_second_factor"
    assert bob.post(f"{FACTOR}/confirm", {"code": device.code()}).status_code == 404
    assert bob.get(FACTOR).json()["enabled"] is False and alice.get(FACTOR).json()["enabled"] is True


def test_changing_it_kills_what_was_pending(stack: Stack, alice: Person) -> None:
    """SECURITY 10: every one-time token of the account, a link in a mail and a challenge."""
    alice.post("/api/auth/request-password-reset", {"email": alice.email})
    link = mails.wait_for(stack, alice.email, "reset-password")
    device = turned_on(alice)
    waiting = challenge(alice)
    alice.post(f"{FACTOR}/recovery-codes", {"code": device.code()})

    assert passed(alice, waiting, device.code(1)).json()["code"] == "one_time_token_invalid"
    reset = alice.post("/api/auth/reset-password", {"token": link, "new_password": f"{PASSWORD} 2"})
    assert (reset.status_code, reset.json()["code"]) == (400, "one_time_token_invalid")


def test_other_sign_ins_end_where_that_is_asked_for(alice: Person, nobody: Person) -> None:
    """SECURITY 10."""
    elsewhere = alice.refresh_token
    people.sign_in(alice)
    device = Authenticator(alice.post(FACTOR, {"current_password": PASSWORD}).json()["secret"], [])

    confirmed = alice.post(f"{FACTOR}/confirm", {"code": device.code(), "end_others": True})

    assert confirmed.status_code == 200
    assert nobody.post("/api/auth/refresh", {"refresh_token": elsewhere}).status_code == 401
    assert nobody.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).status_code == 200


def test_a_new_password_by_mail_leaves_it_on(stack: Stack, alice: Person) -> None:
    confirmed(stack, alice)
    device = turned_on(alice)
    alice.post("/api/auth/request-password-reset", {"email": alice.email})
    link = mails.wait_for(stack, alice.email, "reset-password")

    changed = alice.post("/api/auth/reset-password", {"token": link, "new_password": f"{PASSWORD} 2"})
    answer = alice.post("/api/auth/login", {"email": alice.email, "password": f"{PASSWORD} 2"})

    assert (changed.status_code, answer.json()["code"]) == (204, "second_factor_needed")
    assert passed(alice, answer.json()["challenge"], device.recovery_codes[0]).status_code == 200


def test_a_link_in_a_mail_does_not_go_around_it(stack: Stack, alice: Person, nobody: Person) -> None:
    confirmed(stack, alice)
    device = turned_on(alice)
    nobody.post("/api/auth/magic-link", {"email": alice.email})
    link = mails.wait_for(stack, alice.email, "magic-link")

    answer = nobody.post("/api/auth/magic-link/redeem", {"token": link})

    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_needed")
    assert nobody.post("/api/auth/magic-link/redeem", {"token": link}).status_code == 400
    assert passed(nobody, answer.json()["challenge"], device.recovery_codes[0]).status_code == 200


def test_the_secret_is_sealed_and_the_codes_are_digests(stack: Stack, alice: Person) -> None:
    """SECURITY 29, 36."""
    device = turned_on(alice)
    engine = stack.engine("auth-worker")
    with db.transaction(engine) as session:
        secret = session.scalar(text("SELECT secret FROM second_factors WHERE user_id = :id"), {"id": alice.id})
        digests = session.scalars(text("SELECT digest FROM recovery_codes WHERE user_id = :id"), {"id": alice.id}).all()
    engine.dispose()

    assert device.secret.encode() not in bytes(secret or b"") and len(digests) == 10
    assert all(code.encode() not in b"".join(map(bytes, digests)) for code in device.recovery_codes)


def test_its_owner_is_told(stack: Stack, alice: Person) -> None:
    """SECURITY 18."""
    turned_on(alice)

    assert told(stack, alice, "was turned on")


def test_seed_004s_sign_in_hands_out_the_challenge_too(alice: Person) -> None:
    device = turned_on(alice)

    answer = alice.post("/api/login_check", {"username": alice.email, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (401, 401)
    assert passed(alice, answer.json()["challenge"], device.code()).status_code == 200


def test_a_sign_in_code_does_not_go_around_it(stack: Stack, alice: Person, nobody: Person) -> None:
    """What a browser brings back from elsewhere is one proof; the factor is the other."""
    turned_on(alice)
    engine = stack.engine("auth")
    with db.transaction(engine) as session:
        code = codes.issue(session, user_id=alice.id)
    engine.dispose()

    answer = nobody.post("/api/auth/token", {"code": code})

    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_needed")
    assert answer.json()["challenge"]


def test_an_administrator_lets_somebody_in_who_has_lost_it(stack: Stack, alice: Person, bob: Person, nobody: Person) -> None:
    """But not themselves: a stolen token of theirs is no password."""
    turned_on(alice)
    path, carol = f"/api/admin/users/{alice.id}/second-factor", make_admin(stack, bob)
    device = turned_on(carol)

    assert [each.delete(path).status_code for each in (alice, nobody)] == [403, 401]
    own = carol.delete(path.replace(str(alice.id), str(carol.id)))
    assert (own.status_code, own.json()["code"]) == (409, "second_factor_is_yours")
    assert carol.delete(path.replace(str(alice.id), str(ids.new()))).status_code == 404
    assert [carol.delete(path).status_code for _ in range(2)] == [204, 204]

    people.sign_in(alice)
    assert alice.get(FACTOR).json() == {"enabled": False, "confirmed_at": None, "recovery_codes_left": 0}
    assert told(stack, alice, "was turned off")
    assert passed(carol, challenge(carol), device.code()).status_code == 200
