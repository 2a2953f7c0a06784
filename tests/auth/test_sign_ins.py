"""Where somebody is signed in: listed, ended from elsewhere, told to its owner where it is new."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sqlalchemy import text

from shared import db, ids
from tests import mails, people
from tests.people import PASSWORD, Person
from tests.stack import Stack

PHONE = {"User-Agent": "Phone/1.0 (Music 7.2)"}


@pytest.fixture
def away(stack: Stack) -> Iterator[Person]:
    """Somebody at an address where nobody was before."""
    transport = httpx2.HTTPTransport(local_address=f"127.0.{1 + int(ids.new()) % 250}.{2 + int(ids.new()) % 250}")
    with httpx2.Client(base_url=stack.url, transport=transport, trust_env=False) as http:
        yield Person(http)


def sign_in(person: Person, at: Person | None = None, **headers: str) -> dict[str, str]:
    """Another sign-in of this person, from the same place or from another."""
    credentials = {"email": person.email, "password": person.password}
    answer = (at or person).post("/api/auth/login", credentials, headers=headers)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def refresh(person: Person, token: str) -> int:
    return person.post("/api/auth/refresh", {"refresh_token": token}).status_code


def until(what: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_sign_ins_are_listed_with_device_and_address(alice: Person) -> None:
    sign_in(alice, **PHONE)

    phone, first = alice.get("/api/auth/sessions").json()  # SECURITY 35

    assert phone.keys() == {"id", "device", "ip_address", "created_at", "last_used_at", "is_current"}
    assert (phone["device"], phone["ip_address"]) == (PHONE["User-Agent"], "127.0.0.1")
    assert (phone["is_current"], first["is_current"]) == (False, True)


def test_a_sign_in_is_ended_from_another_device(alice: Person) -> None:
    lost = sign_in(alice, **PHONE)
    lost_id = alice.get("/api/auth/sessions").json()[0]["id"]

    assert alice.delete(f"/api/auth/sessions/{lost_id}").status_code == 204

    assert refresh(alice, lost["refresh_token"]) == 401
    assert [each["is_current"] for each in alice.get("/api/auth/sessions").json()] == [True]
    assert alice.delete(f"/api/auth/sessions/{lost_id}").status_code == 404


def test_all_others_end_at_once_and_this_one_stays(alice: Person) -> None:
    others = [sign_in(alice)["refresh_token"] for _ in range(3)]

    assert alice.delete("/api/auth/sessions").status_code == 204

    assert [refresh(alice, token) for token in others] == [401] * 3
    assert refresh(alice, alice.refresh_token) == 200
    assert len(alice.get("/api/auth/sessions").json()) == 1


@pytest.mark.parametrize("way", ["query", "scope", "refresh token"])
def test_all_of_them_end_with_this_one(alice: Person, way: str) -> None:
    tokens = [sign_in(alice)["refresh_token"], alice.refresh_token]

    ended = {
        "query": lambda: alice.delete("/api/auth/sessions?all=true"),
        "scope": lambda: alice.post("/api/auth/logout", {"scope": "all"}),
        "refresh token": lambda: alice.post("/api/auth/logout", {"scope": "all", "refresh_token": alice.refresh_token}),
    }[way]()

    assert ended.status_code == 204
    assert [refresh(alice, token) for token in tokens] == [401, 401]
    assert until(lambda: alice.get("/api/user/profile").status_code == 401, 5)


def test_a_sign_out_of_the_others_by_refresh_token(alice: Person, nobody: Person) -> None:
    other = sign_in(alice)["refresh_token"]

    assert nobody.post("/api/auth/logout", {"scope": "others", "refresh_token": alice.refresh_token}).status_code == 204

    assert (refresh(alice, other), refresh(alice, alice.refresh_token)) == (401, 200)


def test_a_stranger_cannot_see_or_end_a_sign_in(alice: Person, bob: Person, nobody: Person) -> None:
    hers = alice.get("/api/auth/sessions").json()[0]["id"]

    assert hers not in bob.get("/api/auth/sessions").text
    foreign, random = bob.delete(f"/api/auth/sessions/{hers}"), bob.delete(f"/api/auth/sessions/{ids.new()}")
    assert foreign.status_code == random.status_code == 404 and foreign.content == random.content
    bob.delete("/api/auth/sessions?all=true")
    assert [nobody.get("/api/auth/sessions").status_code, nobody.delete(f"/api/auth/sessions/{hers}").status_code] == [401] * 2
    assert refresh(alice, alice.refresh_token) == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/auth/sessions?all=perhaps", 422),  # no truth
        ("/api/auth/sessions?user_id=1", 422),  # nothing that there is
        ("/api/auth/sessions/me", 404),  # no id
        ("/api/auth/sessions/%00", 400),  # refused before anybody reads it
    ],
)
def test_bad_words_end_no_sign_in(alice: Person, path: str, status: int) -> None:
    other = sign_in(alice)["refresh_token"]

    assert alice.delete(path).status_code == status
    assert alice.post("/api/auth/logout", {"scope": "everybody"}).status_code == 422
    assert refresh(alice, other) == 200


def test_a_sign_in_from_somewhere_new_is_told_to_its_owner(stack: Stack, alice: Person, away: Person) -> None:
    people.sign_in(alice)  # from where she was before, with the same device
    sign_in(alice, at=away, **PHONE)  # SECURITY 18

    assert until(lambda: bool(_subjects(stack, alice)))
    sign_in(alice, at=away, **{"User-Agent": "Phone/1.1 (Music 7.3)"})  # the phone was updated
    sign_in(alice, **PHONE)  # the same phone, at home: new

    assert until(lambda: len(_subjects(stack, alice)) == 2)
    assert _subjects(stack, alice) == ["A sign-in from somewhere new"] * 2


def test_the_owner_is_told_of_a_reused_token_and_it_is_audited_once(stack: Stack, alice: Person) -> None:
    stolen = alice.refresh_token
    for _ in range(2):
        alice.refresh_token = alice.post("/api/auth/refresh", {"refresh_token": alice.refresh_token}).json()["refresh_token"]

    assert [refresh(alice, token) for token in (stolen, stolen, alice.refresh_token)] == [401] * 3

    assert until(lambda: _subjects(stack, alice) == ["A sign-in was ended to be safe"])
    assert audited(stack, alice, "sign_in.reused") == 1


def test_a_password_that_changes_while_it_is_checked_begins_nothing(stack: Stack, alice: Person) -> None:
    """Whoever changes it ends every sign-in, and one on its way would slip through: the hash must be the one looked at."""
    engine = stack.engine("auth-worker")
    with ThreadPoolExecutor(1) as pool, db.transaction(engine) as session:
        session.execute(text("UPDATE users SET password = '' WHERE id = :id"), {"id": alice.id})
        signing_in = pool.submit(alice.post, "/api/auth/login", {"email": alice.email, "password": PASSWORD})
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        assert until(lambda: bool(session.scalar(waiting)))
        session.commit()
        answer = signing_in.result()
    engine.dispose()

    assert answer.status_code == 401


def audited(stack: Stack, person: Person, action: str) -> int:
    engine = stack.engine("auth-worker")
    count = text("SELECT count(*) FROM audit_log WHERE user_id = :user_id AND action = :action")
    with db.transaction(engine) as session:
        found: int = session.scalar(count, {"user_id": person.id, "action": action}) or 0
    engine.dispose()
    return found


def _subjects(stack: Stack, person: Person) -> list[str]:
    told = {"A sign-in from somewhere new", "A sign-in was ended to be safe"}
    return [mail["Subject"] for mail in mails.to(stack, person.email) if mail["Subject"] in told]
