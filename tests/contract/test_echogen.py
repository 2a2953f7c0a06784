"""EchoGen's client (seed 002, in Dart): its methods of signing in, its questions for newcomers, leaving and staying."""

from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from shared import ids
from tests import mails, people
from tests.people import PASSWORD, Person
from tests.stack import Stack

AUTH = "/api/v1/auth"
SESSION = {"access_token", "refresh_token", "expires_in"}
DELETION = {"scheduled_for", "requested_at", "cancelled_at", "completed_at"}
USER = {
    "id",
    "email",
    "fullName",
    "created_at",
    "last_sign_in_at",
    "avatarUrl",
    "bio",
    "preferences",
    "onboardingCompleted",
    "pendingAccountDeletion",
}


def wish(**changed: Any) -> dict[str, Any]:
    email = f"echo-{ids.new()}@example.com"
    return {"method": "email", "email": email, "password": PASSWORD, "fullName": "Ada Lovelace"} | changed


def signed_in(person: Person, answer: httpx2.Response) -> Any:
    """The user of an answer to a sign-in; the person goes on with its token."""
    assert answer.json().keys() == {"user", "session"}, answer.text
    user, session = answer.json()["user"], answer.json()["session"]
    assert user.keys() == USER and session.keys() == SESSION
    person.http.headers["Authorization"] = f"Bearer {session['access_token']}"
    person.refresh_token = session["refresh_token"]
    return user


def detail(answer: httpx2.Response) -> str:
    """What the client shows of an error: it takes `detail` for a string."""
    said = answer.json()["detail"]
    assert isinstance(said, str) and said
    return said


def test_the_client_signs_up_answers_questions_edits_and_signs_out(nobody: Person) -> None:
    account = wish()
    answer = nobody.post(f"{AUTH}/signup", account)
    assert answer.status_code == 201
    newcomer = signed_in(nobody, answer)
    assert (newcomer["email"], newcomer["fullName"]) == (account["email"], "Ada Lovelace")
    assert (newcomer["onboardingCompleted"], newcomer["pendingAccountDeletion"]) == (False, None)

    asked = [{"questionId": "topic", "question": "What do you like to hear?", "answer": ["science", "music"]}]
    assert nobody.post(f"{AUTH}/onboarding", {"responses": asked}).status_code in {200, 201}
    assert nobody.get(f"{AUTH}/me").json()["onboardingCompleted"] is True

    change = {
        "fullName": "Ada King",
        "avatarUrl": "https://example.com/ada.png",
        "bio": "Counts.",
        "preferences": {"dark": True},
    }
    changed = nobody.http.patch(f"{AUTH}/profile", json=change)
    assert changed.status_code == 200 and changed.json().keys() == USER
    assert {key: changed.json()[key] for key in change} == change
    assert nobody.get(f"{AUTH}/me").json() == changed.json()
    assert nobody.get(f"{AUTH}/users/{newcomer['id']}").json() == changed.json()

    refreshed = nobody.post(f"{AUTH}/refresh", {"refresh_token": nobody.refresh_token})
    assert refreshed.status_code == 200
    signed_in(nobody, refreshed)

    left = nobody.post(f"{AUTH}/signout")
    assert (left.status_code, left.content) == (204, b"")
    assert nobody.post(f"{AUTH}/refresh", {"refresh_token": nobody.refresh_token}).status_code == 401


def test_the_client_leaves_and_comes_back(alice: Person) -> None:
    asked = alice.delete(f"{AUTH}/account")
    assert (asked.status_code, asked.json().keys()) == (200, DELETION)
    wanted = asked.json()
    days = datetime.fromisoformat(wanted["scheduled_for"]) - datetime.fromisoformat(wanted["requested_at"])
    assert (days, wanted["cancelled_at"], wanted["completed_at"]) == (timedelta(days=30), None, None)
    assert alice.get(f"{AUTH}/me").json()["pendingAccountDeletion"] == wanted
    assert alice.delete(f"{AUTH}/account").json() == wanted

    stayed = alice.post(f"{AUTH}/account/cancel")
    assert (stayed.status_code, stayed.json().keys()) == (200, DELETION) and stayed.json()["cancelled_at"]
    assert alice.get(f"{AUTH}/me").json()["pendingAccountDeletion"] is None
    again = alice.post(f"{AUTH}/account/cancel")
    assert again.status_code == 404 and detail(again)


def test_signing_in_keeps_an_account_that_waited_to_be_deleted(alice: Person) -> None:
    alice.delete(f"{AUTH}/account")

    user = signed_in(alice, alice.post(f"{AUTH}/signin", {"method": "email", "email": alice.email, "password": PASSWORD}))

    assert user["pendingAccountDeletion"] is None
    assert alice.post(f"{AUTH}/account/cancel").status_code == 404


@pytest.mark.parametrize("path", ["signup", "signin"])
@pytest.mark.parametrize("method", ["phone", "google", "apple", "github", "carrier pigeon"])
def test_a_method_that_is_not_set_up_is_501(nobody: Person, path: str, method: str) -> None:
    answer = nobody.post(f"{AUTH}/{path}", {"method": method, "phoneNumber": "+43 1 0", "password": PASSWORD})

    assert answer.status_code == 501 and detail(answer)


def test_a_method_that_needs_a_browser_says_where_to_begin(careful_stack: Stack) -> None:
    visitor = people.nobody(careful_stack.url)

    answer = visitor.post(f"{AUTH}/signin", {"method": "google"})

    assert (answer.status_code, answer.json()["code"]) == (400, "sign_in_elsewhere") and detail(answer)
    assert answer.json()["begin_at"].endswith("/api/auth/oauth/google")


def test_where_addresses_are_confirmed_first_a_taken_one_signs_up_like_a_new_one(careful_stack: Stack) -> None:
    visitor, account = people.nobody(careful_stack.url), wish()

    first, second = visitor.post(f"{AUTH}/signup", account), visitor.post(f"{AUTH}/signup", account)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["session"] is second.json()["session"] is None
    hidden = {"id": "", "created_at": ""}
    assert first.json()["user"] | hidden == second.json()["user"] | hidden and first.json()["user"].keys() == USER
    refused = visitor.post(f"{AUTH}/signin", account)
    assert refused.status_code == 403 and detail(refused)
    secret = mails.wait_for(careful_stack, account["email"], "confirm-email")
    visitor.post("/api/auth/confirm", {"token": secret})
    signed_in(visitor, visitor.post(f"{AUTH}/signin", account))


def test_where_signing_up_signs_in_a_taken_address_is_told(nobody: Person, alice: Person) -> None:
    taken = nobody.post(f"{AUTH}/signup", wish(email=alice.email))

    assert taken.status_code == 409 and detail(taken)


@pytest.mark.nightly  # sixty hashes
def test_a_stranger_cannot_try_one_address_after_another(stack: Stack, nobody: Person) -> None:
    """SECURITY 7, where it is told at all."""
    taken = [wish() for _ in range(31)]
    for account in taken:
        nobody.post("/api/auth/register", {"email": account["email"], "password": PASSWORD})
    transport = httpx2.HTTPTransport(local_address="127.0.3.7")
    with httpx2.Client(base_url=stack.url, transport=transport, trust_env=False, timeout=people.REQUEST_SECONDS) as http:
        answers = [http.post(f"{AUTH}/signup", json=account).status_code for account in [*taken, wish()]]

    assert answers == [409] * 30 + [429] * 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("signup", {"method": "email", "email": "no address", "password": PASSWORD}, 422),
        ("signup", {"method": "email", "email": "a@example.com", "password": "short"}, 422),
        ("signup", {"method": "email", "password": PASSWORD}, 422),
        ("signup", wish(roles=["admin"]), 422),
        ("signup", wish(fullName=None, full_name="Ada", name="x"), 422),
        ("signin", {"method": "email"}, 422),
        ("signin", {"method": "email", "email": "nobody@example.com", "password": "not that one"}, 401),
        ("signin", [], 422),
        ("refresh", {"refresh_token": "made up"}, 401),
    ],
)
def test_a_refusal_is_a_sentence(nobody: Person, path: str, body: Any, status: int) -> None:
    answer = nobody.post(f"{AUTH}/{path}", body)

    assert answer.status_code == status and detail(answer)


def test_names_in_either_case_are_taken(nobody: Person) -> None:
    account = wish()
    account["full_name"] = account.pop("fullName")

    assert nobody.post(f"{AUTH}/signup", account).json()["user"]["fullName"] == "Ada Lovelace"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "me"),
        ("GET", "users/{id}"),
        ("PATCH", "profile"),
        ("POST", "onboarding"),
        ("DELETE", "account"),
        ("POST", "account/cancel"),
        ("POST", "signout"),
    ],
)
def test_a_stranger_cannot_do_what_needs_a_sign_in(nobody: Person, alice: Person, method: str, path: str) -> None:
    answer = nobody.http.request(method, f"{AUTH}/{path.format(id=alice.id)}", json={})

    assert answer.status_code == 401 and detail(answer)


def test_a_stranger_cannot_read_somebody_else(alice: Person, bob: Person) -> None:
    theirs, nobodys = bob.get(f"{AUTH}/users/{alice.id}"), bob.get(f"{AUTH}/users/{ids.new()}")

    assert theirs.status_code == nobodys.status_code == 403
    assert detail(theirs) == detail(nobodys)


def test_somebody_asks_only_so_often_a_minute(alice: Person, bob: Person) -> None:
    answers = [alice.get(f"{AUTH}/me") for _ in range(121)]

    assert [each.status_code for each in answers] == [200] * 120 + [429]
    assert detail(answers[-1]) and int(answers[-1].headers["retry-after"]) <= 60
    assert bob.get(f"{AUTH}/me").status_code == 200
