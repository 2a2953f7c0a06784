"""Administration of accounts. Carol administers; Alice and Bob do not. SECURITY 35, 37, 38, 40, 41, 45."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared import ids
from tests import people
from tests.auth.administrators import make_admin, run, set_roles
from tests.people import PASSWORD, Person
from tests.stack import Stack

REVOKED_WITHIN_SECONDS = 5
GONE_WITHIN_SECONDS = 30  # every service has its part in it
ACCOUNT = {
    "id",
    "email",
    "username",
    "name",
    "roles",
    "is_active",
    "email_confirmed",
    "auth_provider",
    "created_at",
    "last_login_at",
}


@pytest.fixture
def carol(stack: Stack) -> Iterator[Person]:
    """An administrator."""
    person = make_admin(stack, people.sign_up(stack.url, "carol"))
    yield person
    person.http.close()


def put(person: Person, path: str, body: Any) -> Any:
    return person.http.put(path, json=body)


def newcomer(**more: Any) -> dict[str, Any]:
    return {"email": f"new-{ids.new()}@example.com", **more}


def everything(nobody: Person) -> list[tuple[str, str]]:
    """Every route of administration that the documentation names, with ids that exist nowhere."""
    paths = nobody.get("/openapi/auth.json").json()["paths"]
    found = [(method, path) for path, acts in paths.items() if path.startswith("/api/admin/") for method in acts]
    return [(method, path.replace("{user_id}", str(ids.new())).replace("{parameter}", "limits")) for method, path in found]


def test_a_stranger_cannot_administer_anything(alice: Person, nobody: Person) -> None:
    routes = everything(nobody)
    assert len(routes) >= 12

    for method, path in routes:
        assert alice.http.request(method, path, json={}).json()["code"] == "not_an_administrator", (method, path)
        assert nobody.http.request(method, path, json={}).status_code == 401, (method, path)


def test_a_demoted_administrator_is_refused_at_once_whatever_their_token_says(stack: Stack, carol: Person) -> None:
    assert carol.get("/api/admin/users").status_code == 200

    set_roles(stack, carol, '["user"]')

    assert carol.get("/api/admin/users").json()["code"] == "not_an_administrator"
    assert carol.post("/api/admin/users", newcomer()).json()["code"] == "not_an_administrator"


def test_changes_need_a_sign_in_of_today(stack: Stack, carol: Person, bob: Person) -> None:
    run(stack, "UPDATE user_sessions SET created_at = now() - interval '13 hours' WHERE user_id = :id", id=carol.id)

    assert carol.get(f"/api/admin/users/{bob.id}").status_code == 200
    assert put(carol, f"/api/admin/users/{bob.id}", {"name": "Bob"}).json()["code"] == "sign_in_too_old"
    people.sign_in(carol)
    assert put(carol, f"/api/admin/users/{bob.id}", {"name": "Bob"}).json()["name"] == "Bob"


def test_an_account_shows_what_is_declared_and_no_more(carol: Person, bob: Person) -> None:
    shown = carol.get(f"/api/admin/users/{bob.id}").json()

    assert shown.keys() == ACCOUNT
    assert carol.get("/api/admin/users?limit=1").json()[0].keys() == ACCOUNT


@pytest.mark.parametrize("text", ["%", "_", "100%_", "'; DROP TABLE users; --", '"', "\\"])
def test_what_is_searched_for_is_text(carol: Person, text: str) -> None:
    named = carol.post("/api/admin/users", newcomer(name=f"{text}{ids.new()}")).json()

    found = carol.get("/api/admin/users", params={"q": named["name"]}).json()
    assert [each["id"] for each in found] == [named["id"]]
    assert carol.get("/api/admin/users", params={"q": f"{text}{ids.new()}"}).json() == []


def test_a_search_finds_by_address_username_and_name_without_regard_to_case(carol: Person) -> None:
    mark = ids.new().hex[-12:]
    made = carol.post("/api/admin/users", newcomer(username=f"Grace{mark}", name=f"Hopper {mark}")).json()

    for text in (f"GRACE{mark}", f"hopper {mark.upper()}", made["email"].upper()):
        assert [each["id"] for each in carol.get("/api/admin/users", params={"q": text}).json()] == [made["id"]]


def test_accounts_are_filtered_by_role_and_state(carol: Person) -> None:
    mark = ids.new().hex[-12:]
    admin = carol.post("/api/admin/users", newcomer(name=mark, roles=["admin"])).json()
    off = carol.post("/api/admin/users", newcomer(name=mark)).json()
    carol.post(f"/api/admin/users/{off['id']}/disable")

    def found(**asked: str) -> list[str]:
        return [each["id"] for each in carol.get("/api/admin/users", params={"q": mark, **asked}).json()]

    assert found(role="admin") == [admin["id"]]
    assert found(is_active="false") == [off["id"]]
    assert found(sort="created_at") == [admin["id"], off["id"]]
    by_email = sorted((admin, off), key=lambda account: account["email"])
    assert found(sort="email") == [each["id"] for each in by_email]


@pytest.mark.parametrize(
    "query",
    ["sort=password", "sort=id;drop", "limit=0", "limit=1000", "limit=x", "role=root", "is_active=maybe", "q=%00", "page=2",
     "cursor=%00", "cursor=W10", "cursor=WzEsIDJd", "is_active="],
)  # fmt: skip
def test_a_bad_question_gets_a_clear_answer(carol: Person, query: str) -> None:
    answer = carol.get(f"/api/admin/users?{query}")

    assert answer.status_code in (400, 422) and answer.headers["content-type"] == "application/problem+json", answer.text


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "email"])
def test_pages_lose_and_repeat_nothing_while_accounts_are_made(carol: Person, sort: str) -> None:
    mark = ids.new().hex[-12:]
    made = [carol.post("/api/admin/users", newcomer(name=mark)).json()["id"] for _ in range(5)]

    path, seen = f"/api/admin/users?q={mark}&limit=2&sort={sort}", []
    while path:
        page = carol.get(path)
        seen += [each["id"] for each in page.json()]
        carol.post("/api/admin/users", newcomer(name="somebody else"))
        if len(seen) == 2:
            assert page.headers["x-total-count"] == "5"
            carol.post("/api/admin/users", {"email": f"0-{mark}@example.com", "name": mark})
        path = page.links["next"]["url"] if "next" in page.links else ""

    in_order = [each for each in seen if each in made]
    assert in_order == {"created_at": made, "-created_at": made[::-1], "email": in_order}[sort]
    assert len(seen) == len(set(seen)) and set(made) <= set(seen)


@pytest.mark.parametrize(
    "field", [{"id": str(ids.new())}, {"password": PASSWORD}, {"email": "x@example.com"}, {"created_at": "2020-01-01"},
              {"roles": ["root"]}, {"roles": "admin"}, {"is_active": "yes"}, {"is_active": None}, {"name": None},
              {"auth_provider": "google"}]
)  # fmt: skip
def test_nobody_changes_what_is_not_offered(carol: Person, bob: Person, field: dict[str, Any]) -> None:
    assert put(carol, f"/api/admin/users/{bob.id}", field).status_code == 422


def test_nobody_gives_themselves_a_role(alice: Person, nobody: Person) -> None:
    body = {"email": f"{ids.new()}@example.com", "password": PASSWORD}

    for more in ({"roles": ["admin"]}, {"role": "admin"}, {"is_admin": True}, {"email_confirmed": True}):
        assert nobody.post("/api/auth/register", body | more).status_code == 422
        assert put(alice, "/api/user/profile", more).status_code in (405, 422)


def test_an_account_made_with_a_password_signs_in(carol: Person, nobody: Person) -> None:
    made = carol.post("/api/admin/users", newcomer(password=PASSWORD, email_confirmed=True, roles=["admin"]))

    assert made.status_code == 201 and made.json()["email_confirmed"] and made.json()["roles"] == ["user", "admin"]
    signed_in = nobody.post("/api/auth/login", {"email": made.json()["email"], "password": PASSWORD})
    assert signed_in.json()["user"]["role"] == "admin"


def test_an_address_and_a_username_are_taken_once(carol: Person, bob: Person) -> None:
    name = f"Ada{ids.new().hex[-12:]}"
    carol.post("/api/admin/users", newcomer(username=name))

    assert carol.post("/api/admin/users", {"email": bob.email}).json()["code"] == "email_taken"
    assert carol.post("/api/admin/users", newcomer(username=name.upper())).json()["code"] == "username_taken"
    assert put(carol, f"/api/admin/users/{bob.id}", {"username": name}).json()["code"] == "username_taken"


def test_a_disabled_account_is_out_everywhere_within_seconds(carol: Person, bob: Person, nobody: Person) -> None:
    assert carol.post(f"/api/admin/users/{bob.id}/disable").json()["is_active"] is False
    began = time.monotonic()

    assert nobody.post("/api/auth/refresh", {"refresh_token": bob.refresh_token}).status_code == 401
    assert nobody.post("/api/auth/login", {"email": bob.email, "password": PASSWORD}).status_code == 401
    while {bob.get(path).status_code for path in ("/api/user/profile", "/files")} != {401}:
        assert time.monotonic() - began < REVOKED_WITHIN_SECONDS
        time.sleep(0.1)
    assert carol.post(f"/api/admin/users/{bob.id}/enable").json()["is_active"] is True
    assert nobody.post("/api/auth/login", {"email": bob.email, "password": PASSWORD}).status_code == 200


def test_who_loses_a_role_loses_the_tokens_that_say_it_and_keeps_the_sign_in(stack: Stack, carol: Person, bob: Person) -> None:
    make_admin(stack, bob)
    assert put(carol, f"/api/admin/users/{bob.id}", {"roles": ["user"]}).json()["roles"] == ["user"]
    began = time.monotonic()

    assert bob.get("/api/admin/users").status_code == 403
    while bob.get("/files").status_code != 401:
        assert time.monotonic() - began < REVOKED_WITHIN_SECONDS
        time.sleep(0.1)
    fresh = bob.post("/api/auth/refresh", {"refresh_token": bob.refresh_token})
    assert fresh.json()["user"]["role"] == "user"
    bob.http.headers["Authorization"] = f"Bearer {fresh.json()['access_token']}"
    assert bob.get("/files").status_code == 200 and bob.get("/api/admin/users").status_code == 403


def test_an_administrator_signs_somebody_out_of_everything(carol: Person, bob: Person, nobody: Person) -> None:
    first, _ = bob.refresh_token, people.sign_in(bob)

    assert carol.post(f"/api/admin/users/{bob.id}/sign-out").status_code == 204

    for token in (first, bob.refresh_token):
        assert nobody.post("/api/auth/refresh", {"refresh_token": token}).status_code == 401


def test_an_account_that_is_deleted_may_stay_for_some_days_or_goes_at_once(carol: Person, bob: Person, nobody: Person) -> None:
    account = f"/api/admin/users/{bob.id}"
    waiting = carol.delete(account)
    assert waiting.status_code == 202 and waiting.json()["scheduled_for"] > waiting.json()["requested_at"]
    assert bob.get("/api/user/profile").status_code == 200

    assert carol.delete(f"{account}?at_once=true").status_code == 202

    assert nobody.post("/api/auth/refresh", {"refresh_token": bob.refresh_token}).status_code == 401
    deadline = time.monotonic() + GONE_WITHIN_SECONDS
    while carol.get(account).status_code != 404:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert nobody.post("/api/auth/login", {"email": bob.email, "password": PASSWORD}).status_code == 401
    assert carol.delete(account).status_code == 404
    assert carol.delete(f"/api/admin/users/{carol.id}").json()["code"] == "your_own_account"


def test_nobody_disables_themselves(carol: Person) -> None:
    assert carol.post(f"/api/admin/users/{carol.id}/disable").json()["code"] == "your_own_account"
    assert put(carol, f"/api/admin/users/{carol.id}", {"is_active": False}).status_code == 409
    assert carol.get("/api/admin/users").status_code == 200


def test_the_last_administrator_stays_also_when_two_demote_each_other_at_once(stack: Stack, carol: Person, bob: Person) -> None:
    run(stack, "UPDATE users SET roles = '[\"user\"]' WHERE id <> :id", id=carol.id)
    assert put(carol, f"/api/admin/users/{carol.id}", {"roles": ["user"]}).json()["code"] == "last_administrator"

    make_admin(stack, bob)
    with ThreadPoolExecutor() as pool:
        acts = [(carol, bob), (bob, carol)]
        answers = list(pool.map(lambda two: put(two[0], f"/api/admin/users/{two[1].id}", {"roles": ["user"]}), acts))

    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert {answer.status_code for answer in answers} <= {200, 403, 409}
    assert len([answer for answer in answers if answer.status_code == 200]) == 1


def test_what_was_done_is_written_down(carol: Person, bob: Person) -> None:
    carol.post(f"/api/admin/users/{bob.id}/disable")
    carol.post(f"/api/admin/users/{bob.id}/enable")
    put(carol, f"/api/admin/users/{bob.id}", {"roles": ["user", "admin"]})

    events = carol.get(f"/api/admin/audit?user_id={bob.id}&actor_id={carol.id}").json()
    assert [each["action"] for each in events] == ["roles.changed", "account.enabled", "account.disabled"]
    assert events[0]["facts"] == {"changed": ["roles"], "roles": ["user", "admin"]} and events[0]["ip_address"]
    page = carol.get(f"/api/admin/audit?user_id={bob.id}&actor_id={carol.id}&limit=1")
    assert page.headers["x-total-count"] == "3"
    assert carol.get(page.links["next"]["url"]).json()[0]["action"] == "account.enabled"
    assert carol.get("/api/admin/audit?action=account.disabled&limit=1").json()[0]["action"] == "account.disabled"


def test_people_see_what_was_done_to_their_account_and_not_from_where_an_administrator_did_it(
    carol: Person, bob: Person
) -> None:
    carol.post(f"/api/admin/users/{bob.id}/reset-password")

    event = next(each for each in bob.get("/api/user/audit").json() if each["action"] == "password.reset_sent")
    assert event["by_you"] is False and event["ip_address"] == "" and "actor_id" not in event


def test_a_stranger_cannot_see_anothers_history(carol: Person, alice: Person, bob: Person) -> None:
    carol.post(f"/api/admin/users/{bob.id}/reset-password")

    assert "password.reset_sent" not in {each["action"] for each in alice.get("/api/user/audit").json()}
    assert alice.get(f"/api/user/audit?user_id={bob.id}").status_code == 422


def test_an_account_that_does_not_exist_is_not_found(carol: Person) -> None:
    nobody = f"/api/admin/users/{ids.new()}"

    assert carol.get(nobody).status_code == put(carol, nobody, {"name": "x"}).status_code == 404
    assert carol.post(f"{nobody}/sign-out").status_code == carol.post(f"{nobody}/reset-password").status_code == 404
    assert carol.get("/api/admin/users/me").status_code == 404
