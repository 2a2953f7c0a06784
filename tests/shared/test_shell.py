"""What every FastAPI service does with a request, whatever its routes are."""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from shared import ids
from tests import people, throwaway
from tests.people import Person
from tests.stack import Stack

JSON = {"Content-Type": "application/json"}


def test_a_service_is_a_folder_a_route_and_a_compose_entry(inn: Stack, guest: Person) -> None:
    written = guest.post("/guestbook", {"words": "hello"})

    assert written.status_code == 201
    assert guest.get("/health/guestbook").json() == {"status": "ok", "service": "guestbook"}
    assert "/guestbook" in guest.get("/openapi/guestbook.json").json()["paths"]
    assert "guestbook" in guest.get("/docs").text


def test_what_lists_services_agrees_about_the_new_one(inn: Stack) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_topology.py", "-q", "-p", "no:cacheprovider"],
        cwd=inn.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout[-3000:]


def test_a_forgotten_entry_is_named(inn: Stack, tmp_path: Path) -> None:
    root = throwaway.make(tmp_path)
    compose = root / "docker-compose.yml"
    compose.write_text(compose.read_text().replace("  GUESTBOOK_URL: http://guestbook:8000\n", ""))
    checked = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_topology.py", "-q", "-p", "no:cacheprovider", "-k", "in_compose"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "x-addresses of docker-compose.yml forgot guestbook" in checked.stdout


def test_both_forms_of_a_path_answer_without_a_redirect(guest: Person) -> None:
    assert guest.get("/guestbook").status_code == guest.get("/guestbook/").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"words": "a", "words": "b"}',
        b'{"words": "a", "weight": NaN}',
        b'{"words": "a", "weight": 1e999}',
        rb'{"words": "\ud800"}',
        rb'{"words": "a\u0000b"}',
        b'{"words": "a", "weight": ' + b"9" * 4_000 + b"}",
        b'{"words": ' + b"[" * 50_000,
        b'{"words": "a", "user_id": "00000000-0000-0000-0000-000000000000"}',  # fields that nobody declared
        b'{"words": "a\x07"}',
        b'{"words": ""}',
        b'{"words": 5}',
        b'["words"]',
        b"null",
        b"",
        b'\xff\xfe{"words": "a"}',
    ],
)
def test_hostile_json_is_422_with_a_problem_document(guest: Person, body: bytes) -> None:
    answer = guest.post("/guestbook", content=body, headers=JSON)

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert isinstance(answer.json()["detail"], str) and answer.json()["code"] == "malformed"
    assert guest.get("/guestbook").json() == []


def test_json_sent_as_a_form_is_refused(guest: Person) -> None:
    answer = guest.post("/guestbook", content=b'{"words": "a"}', headers={"Content-Type": "text/plain"})

    assert answer.status_code == 422


def test_a_body_over_the_limit_is_413_with_and_without_its_length(inn: Stack, guest: Person) -> None:
    body = b'{"words": "' + b"a" * 1_100_000 + b'"}'
    address, headers = f"{inn.service_url('guestbook')}/guestbook", dict(guest.http.headers) | JSON

    assert httpx2.post(address, content=body, headers=headers).status_code == 413
    chunked = httpx2.post(address, content=iter([body]), headers=headers)
    assert (chunked.status_code, chunked.headers["content-type"]) == (413, "application/problem+json")


def test_unknown_paths_and_methods_are_problems_too(inn: Stack, guest: Person) -> None:
    with httpx2.Client(base_url=inn.service_url("guestbook")) as http:
        unknown, wrong = http.get("/nothing"), http.patch("/guestbook")

    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "not_allowed", "GET, POST")


def test_ids_that_are_not_ids_and_other_peoples_ids_leak_nothing(guest: Person, stranger: Person) -> None:
    entry = guest.post("/guestbook", {"words": "mine"}).json()["id"]
    foreign, random = stranger.get(f"/guestbook/{entry}"), stranger.get(f"/guestbook/{ids.new()}")

    assert guest.get(f"/guestbook/{entry}").status_code == 200
    assert (foreign.status_code, foreign.content) == (random.status_code, random.content) == (404, random.content)
    assert stranger.get("/guestbook/not-an-id").status_code == 422


def test_a_request_id_comes_back_and_a_hostile_one_does_not(guest: Person) -> None:
    kept = guest.get("/guestbook", headers={"X-Request-Id": "abc-12345678"})
    replaced = guest.get("/guestbook", headers={"X-Request-Id": "x" * 500})

    assert kept.headers["x-request-id"] == "abc-12345678"
    assert UUID(replaced.headers["x-request-id"]).version == 7


def test_repeating_a_request_with_its_key_does_it_once(guest: Person) -> None:
    key = {"Idempotency-Key": str(ids.new())}
    first = guest.post("/guestbook", {"words": "once"}, headers=key)
    second = guest.post("/guestbook", {"words": "once"}, headers=key)

    assert first.status_code == second.status_code == 201
    assert first.content == second.content and second.headers["idempotent-replayed"] == "true"
    assert len(guest.get("/guestbook").json()) == 1


def test_the_same_key_with_another_body_is_refused(guest: Person) -> None:
    key = {"Idempotency-Key": str(ids.new())}
    guest.post("/guestbook", {"words": "one"}, headers=key)
    other = guest.post("/guestbook", {"words": "two"}, headers=key)

    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_thirty_repetitions_at_once_are_done_once(guest: Person) -> None:
    key = {"Idempotency-Key": str(ids.new())}

    def send(_: int) -> httpx2.Response:
        return guest.post("/guestbook", {"words": "once"}, headers=key)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(30)))

    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.content for each in answers if each.status_code == 201}) == 1
    assert all("retry-after" in each.headers for each in answers if each.status_code == 409)
    assert len(guest.get("/guestbook").json()) == 1


def test_a_stranger_cannot_replay_somebody_elses_answer(guest: Person, stranger: Person) -> None:
    key = {"Idempotency-Key": str(ids.new())}
    mine = guest.post("/guestbook", {"words": "same"}, headers=key)
    theirs = stranger.post("/guestbook", {"words": "same"}, headers=key)

    assert mine.json()["id"] != theirs.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
def test_a_key_that_is_no_key_is_refused(guest: Person, key: str) -> None:
    answer = guest.post("/guestbook", {"words": "a"}, headers={"Idempotency-Key": key.encode()})  # type: ignore[dict-item]

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_key")


def test_eighty_requests_at_once_are_all_answered(guest: Person) -> None:
    with ThreadPoolExecutor(80) as pool:
        answers = list(pool.map(lambda _: guest.get("/guestbook").status_code, range(160)))

    assert set(answers) == {200}


def test_two_people_signed_out_may_choose_the_same_key(inn: Stack) -> None:
    key = {"Idempotency-Key": "1"}
    people_there = [people.nobody(inn.url) for _ in range(2)]
    answers = [
        each.post("/api/register", {"email": f"{ids.new()}@example.com", "password": people.PASSWORD}, headers=key)
        for each in people_there
    ]

    assert [each.status_code for each in answers] == [201, 201]


def test_a_failed_commit_is_not_a_success(guest: Person) -> None:
    # The foreign key is checked at commit, after the endpoint has returned.
    answer = guest.post("/guestbook", {"words": "orphan", "follows": str(ids.new())})

    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert guest.get("/guestbook").json() == []


def test_what_costs_is_counted_and_said(guest: Person, stranger: Person) -> None:
    answers = [guest.post("/guestbook/dear") for _ in range(7)]

    assert [each.status_code for each in answers] == [204] * 5 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert stranger.post("/guestbook/dear").status_code == 204


def test_internal_addresses_are_closed_to_users_and_to_the_gateway(inn: Stack, guest: Person) -> None:
    event = {"event_id": str(ids.new()), "kind": "guest.arrived", "facts": {"words": "x"}}

    assert guest.post("/internal/events", event).status_code == 404
    with httpx2.Client(base_url=inn.service_url("guestbook"), headers=guest.http.headers) as http:
        assert http.post("/internal/events", json=event).status_code == 401


def test_operators_see_what_is_ready_and_what_was_done(inn: Stack, guest: Person) -> None:
    guest.get("/guestbook")
    with httpx2.Client(base_url=inn.service_url("guestbook")) as http:
        assert http.get("/ready").json() == {
            "status": "ready",
            "service": "guestbook",
            "dependencies": {"database": "ok", "keys": "ok", "revocations": "ok"},
        }
        figures = http.get("/metrics").text
        assert 'http_requests_total{method="GET",route="/guestbook",status="200"}' in figures
        assert re.search(r"^jobs_failed \d+", figures, re.MULTILINE)
    assert guest.get("/ready").status_code == guest.get("/metrics").status_code == 404


def test_the_log_holds_events_and_no_secret(inn: Stack, guest: Person) -> None:
    guest.get("/guestbook?secret=canary-in-the-query")
    deadline = time.monotonic() + 5  # the log is written by another process
    while str(guest.id) not in (log := (inn.home / "logs" / "guestbook.log").read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert '"event":"request"' in log and str(guest.id) in log
    assert guest.token not in log and "canary-in-the-query" not in log
