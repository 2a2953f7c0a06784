"""Leaving for good: an account that is deleted is deleted everywhere; one that is cancelled is as it was (SECURITY P34)."""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, text

from services.auth.tasks.leaving import leave, see_off
from shared import db, identity, ids, services
from shared.config import _keys
from tests import mails, people, wire
from tests.media import make
from tests.people import PASSWORD, Person
from tests.sessions import make as practice
from tests.stack import Stack

ACCOUNT = "/api/user/account"
# What may still name somebody: that they were here and left, and that their tokens count no longer, by their id alone.
KEPT = {("auth", "audit_log"), ("auth", "account_deletion_requests"), ("auth", "revocations")}
FORGOTTEN_SECONDS = 120  # P34


@lru_cache
def worker(stack: Stack, service: str) -> Engine:
    return stack.engine(f"{service}-worker")


def settle_in(person: Person) -> dict[str, Any]:
    """Leave something in every service: a file, a practice session with its recording, an answer kept for repetitions."""
    file = make.uploaded(person, make.wav(0.2), "Étude No. 1.wav")
    session = practice.saved(person, audioBase64=practice.data_url(practice.recording(0.2)))
    person.post("/api/sessions", practice.body(), headers={"Idempotency-Key": f"once-{person.id}"})
    return {"file": file, "session": session}


def ask_to_go(person: Person) -> httpx2.Response:
    return person.http.request("DELETE", ACCOUNT, json={"current_password": person.password})


def make_due(stack: Stack, person: Person) -> UUID:
    """The days have passed."""
    with db.transaction(worker(stack, "auth")) as work:
        moved = text(
            "UPDATE account_deletion_requests SET scheduled_for = now() "
            "WHERE user_id = :u AND cancelled_at IS NULL RETURNING id"
        )
        task_id: UUID = work.execute(moved, {"u": person.id}).scalar_one()
        leave.enqueue_with(work, task_id=str(task_id))
    return task_id


def is_gone(stack: Stack, person: Person) -> bool:
    with db.transaction(worker(stack, "auth")) as work:
        done = text(
            "SELECT completed_at IS NOT NULL FROM account_deletion_requests WHERE user_id = :u ORDER BY id DESC LIMIT 1"
        )
        return bool(work.execute(done, {"u": person.id}).scalar_one())


def left_of(stack: Stack, person: Person) -> dict[str, int]:
    """Every table of every schema that still has rows of somebody, queues included, and the objects under their id."""
    found: dict[str, int] = {}
    with psycopg.connect(stack.admin_url()) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = ANY (%s) AND column_name IN ('user_id', 'actor_id') "
            "OR (table_schema, table_name, column_name) = ('auth', 'users', 'id')",
            [services.names()],
        ).fetchall()
        assert len(tables) > len(services.names())
        queues = [(schema, "procrastinate_jobs", "args") for schema in services.names()]
        answers = [(schema, "idempotency_keys", "body") for schema in services.names()]
        for schema, table, column in [*tables, *queues, *answers]:
            if (schema, table) in KEPT:
                continue
            names_them = {"args": "position({id} IN args::text) > 0", "body": "position(convert_to({id}, 'UTF8') IN body) > 0"}
            clause = names_them.get(column, "{column}::text = {id}")
            where = sql.SQL(clause).format(column=sql.Identifier(column), id=sql.Literal(str(person.id)))  # type: ignore[arg-type]
            counting = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(schema, table), where)
            row = connection.execute(counting).fetchone()
            if row and row[0]:
                found[f"{schema}.{table}"] = row[0]
    objects = make.objects(stack, person)
    return found | ({"objects": len(objects)} if objects else {})


def say_again(stack: Stack, service: str, user_id: UUID | None, task_id: UUID) -> None:
    """Tell a service, as auth does, that somebody is deleted."""
    key = _keys(stack.secret("auth", "internal_keys"))[service]
    token = identity.sign_internal(caller="auth", audience=service, key=key, user_id=None, session_id=None)
    event = {
        "event_id": str(ids.new()),
        "kind": "user.deleted",
        "facts": {"task_id": str(task_id), "user_id": str(user_id)},
    }
    said = httpx2.post(
        f"{stack.service_url(service)}/internal/events", json=event, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert said.status_code == 202, said.text


def waiting_jobs(stack: Stack, service: str, *others: str) -> int:
    with db.transaction(worker(stack, service)) as work:
        waiting = text(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name IN ('take_event', 'forget_user', 'deliver_event')"
        )
        return int(work.execute(waiting).scalar_one())


def test_a_deleted_account_is_gone_from_every_service(stack: Stack, figures: Callable[[str], None]) -> None:
    """SECURITY P34, quick: ten people at once; every schema 0 rows, S3 0 objects."""
    leaving = [people.sign_up(stack.url, "leaver") for _ in range(10)]
    for person in leaving[:3]:
        settle_in(person)
    for person in leaving[3:]:
        practice.saved(person)
    assert left_of(stack, leaving[0]).keys() >= {"media.audio_files", "sessions.sessions", "objects"}

    started = time.monotonic()
    for person in leaving:
        assert ask_to_go(person).status_code == 200
        make_due(stack, person)
    for person in leaving:
        make.until(lambda person=person: is_gone(stack, person), bool, seconds=FORGOTTEN_SECONDS)
    took = time.monotonic() - started

    for person in leaving:
        assert make.until(lambda person=person: left_of(stack, person), lambda found: not found) == {}
        refused = people.nobody(stack.url).post("/api/login_check", {"username": person.email, "password": PASSWORD})
        assert refused.status_code == 401
    figures(f"P34: {len(leaving)} people deleted everywhere after {took:.1f} s, 0 rows and 0 objects left")


def test_the_last_letter_leaves_before_the_address_is_gone(stack: Stack, alice: Person) -> None:
    ask_to_go(alice)
    make_due(stack, alice)
    make.until(lambda: is_gone(stack, alice), bool, seconds=FORGOTTEN_SECONDS)

    assert mails.wait(stack, alice.email, "Your account is deleted")


def test_the_tokens_of_a_deleted_account_end_within_five_seconds(stack: Stack, alice: Person) -> None:
    ask_to_go(alice)
    make_due(stack, alice)
    make.until(lambda: is_gone(stack, alice), bool, seconds=FORGOTTEN_SECONDS)

    for path in ("/api/user/profile", "/files", "/api/sessions"):
        make.until(lambda path=path: alice.get(path).status_code, lambda status: status == 401, seconds=5)


def test_what_is_kept_of_somebody_deleted_says_nothing_of_them(stack: Stack, alice: Person) -> None:
    ask_to_go(alice)
    make_due(stack, alice)
    make.until(lambda: is_gone(stack, alice), bool, seconds=FORGOTTEN_SECONDS)

    with db.transaction(worker(stack, "auth")) as work:
        rows = work.execute(text("SELECT facts, ip_address FROM audit_log WHERE user_id = :u"), {"u": alice.id}).all()
    assert rows and {(json.dumps(row.facts), row.ip_address) for row in rows} == {("{}", "")}


def test_being_told_again_does_no_harm(stack: Stack, alice: Person, bob: Person) -> None:
    kept = settle_in(bob)
    settle_in(alice)
    ask_to_go(alice)
    task_id = make_due(stack, alice)
    make.until(lambda: is_gone(stack, alice), bool, seconds=FORGOTTEN_SECONDS)

    for _ in range(5):
        say_again(stack, "media", alice.id, task_id)
        say_again(stack, "sessions", alice.id, task_id)
    for name in services.names():
        make.until(lambda name=name: waiting_jobs(stack, name), lambda count: count == 0)

    assert left_of(stack, alice) == {}
    assert bob.get(f"/files/{kept['file']['id']}").status_code == 200
    assert bob.get(f"/api/sessions/{kept['session']['id']}").status_code == 200


def test_forgetting_somebody_who_was_never_here_is_no_failure(stack: Stack) -> None:
    stranger, task_id = ids.new(), ids.new()

    say_again(stack, "media", stranger, task_id)
    say_again(stack, "sessions", stranger, task_id)

    for name in services.names():
        make.until(lambda name=name: waiting_jobs(stack, name), lambda count: count == 0)


def test_signing_in_cancels_a_deletion(stack: Stack, alice: Person) -> None:
    asked = ask_to_go(alice).json()
    assert ask_to_go(alice).json() == asked  # asking again changes nothing
    assert alice.get(ACCOUNT).json() == {"id": str(alice.id), "deletion": asked}

    people.sign_in(alice)

    assert alice.get(ACCOUNT).json() == {"id": str(alice.id), "deletion": None}
    assert asked["scheduled_for"][:10] in mails.wait(stack, alice.email, "Your account will be deleted").as_string()
    assert mails.wait(stack, alice.email, "Your account stays")


def test_a_deletion_is_cancelled_while_signed_in_and_asked_for_again(stack: Stack, alice: Person) -> None:
    before = settle_in(alice)
    ask_to_go(alice)

    cancelled = alice.post(f"{ACCOUNT}/cancel")

    assert (cancelled.status_code, cancelled.json()["completed_at"]) == (200, None)
    assert cancelled.json()["cancelled_at"] is not None
    assert alice.get(f"/files/{before['file']['id']}").status_code == 200
    assert alice.post(f"{ACCOUNT}/cancel").json()["code"] == "not_leaving"
    assert ask_to_go(alice).json()["requested_at"] > cancelled.json()["requested_at"]


def test_a_deletion_takes_thirty_days_and_the_password(alice: Person) -> None:
    refused = [
        alice.http.request("DELETE", ACCOUNT, json=body)
        for body in ({}, {"current_password": "wrong"}, {"current_password": 7})
    ]
    wished = ask_to_go(alice).json()

    assert [each.status_code for each in refused] == [400, 400, 422]
    days = datetime.fromisoformat(wished["scheduled_for"]) - datetime.fromisoformat(wished["requested_at"])
    assert days == timedelta(days=30)


def test_what_is_not_due_is_not_deleted(stack: Stack, alice: Person) -> None:
    ask_to_go(alice)
    with db.transaction(worker(stack, "auth")) as work:
        task_id = work.execute(
            text("SELECT id FROM account_deletion_requests WHERE user_id = :u"), {"u": alice.id}
        ).scalar_one()
        leave.enqueue_with(work, task_id=str(task_id))
    make.until(lambda: waiting_jobs(stack, "auth", "leave"), lambda count: count == 0)

    assert alice.get(ACCOUNT).json()["deletion"]["completed_at"] is None


def test_a_stranger_cannot_delete_see_or_keep_an_account(alice: Person, bob: Person, nobody: Person) -> None:
    asked = ask_to_go(alice).json()

    assert bob.get(ACCOUNT).json()["deletion"] is None
    assert bob.post(f"{ACCOUNT}/cancel").status_code == 404
    assert [nobody.get(ACCOUNT).status_code, ask_to_go(nobody).status_code, nobody.post(f"{ACCOUNT}/cancel").status_code] == [
        401
    ] * 3
    assert alice.get(ACCOUNT).json()["deletion"] == asked


def test_an_upload_that_ends_after_its_account_keeps_nothing(stack: Stack, alice: Person) -> None:
    """Begun while signed in, finished when everything is forgotten: no row, no object, no word in the spool."""
    sound, edge = make.wav(60), b"tutti-edge"
    head = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="late.wav"\r\n\r\n' % edge
    whole = head + sound + b"\r\n--%s--\r\n" % edge
    kind = f"multipart/form-data; boundary={edge.decode()}"
    talking = wire.begin(stack, "/files/upload", kind, token=alice.token, length=len(whole))
    talking.sendall(whole[: len(whole) // 2])
    make.until(lambda: left_of(stack, alice), lambda found: found.get("media.audio_files") == 1)

    ask_to_go(alice)
    make_due(stack, alice)
    make.until(lambda: is_gone(stack, alice), bool, seconds=FORGOTTEN_SECONDS)
    talking.sendall(whole[len(whole) // 2 :])
    answer = talking.recv(4096)

    assert answer.startswith(b"HTTP/1.1 404")
    assert make.until(lambda: left_of(stack, alice), lambda found: not found) == {}
    talking.close()


def test_bytes_that_are_stored_while_their_account_goes_go_too(stack: Stack, alice: Person) -> None:
    """The store stands still while the rows are forgotten, so it takes the bytes after media has looked for them."""
    store = stack.processes()["store"]["pid"]
    described = text("SELECT id FROM audio_files WHERE user_id = :u AND object_key IS NOT NULL")

    with ThreadPoolExecutor(1) as thread, db.transaction(worker(stack, "media")) as work:
        os.kill(store, signal.SIGSTOP)
        try:
            answer = thread.submit(make.upload, alice)
            make.until(lambda: work.scalar(described, {"u": alice.id}), bool, seconds=3)
            work.execute(text("DELETE FROM audio_files WHERE user_id = :u"), {"u": alice.id})
            work.commit()
        finally:
            os.kill(store, signal.SIGCONT)
        assert answer.result().status_code == 404

    assert make.until(lambda: make.objects(stack, alice), lambda found: not found) == []


def test_what_was_written_after_all_is_found_the_second_time(stack: Stack, alice: Person) -> None:
    """Half an hour after the end, everybody is told once more."""
    ask_to_go(alice)
    task_id = make_due(stack, alice)
    make.until(lambda: is_gone(stack, alice), bool, seconds=FORGOTTEN_SECONDS)
    with make.as_service(stack, alice) as sessions:  # as if it had been on its way
        late = sessions.put(f"/internal/recordings/{ids.new()}", content=practice.recording(0.2))
    assert late.status_code == 200 and left_of(stack, alice)

    with db.transaction(worker(stack, "auth")) as work:
        earlier = text("UPDATE account_deletion_requests SET completed_at = now() - interval '31 minutes' WHERE id = :id")
        work.execute(earlier, {"id": task_id})
        see_off.enqueue_with(work)

    assert make.until(lambda: left_of(stack, alice), lambda found: not found) == {}


@pytest.mark.nightly
def test_killed_processes_delay_a_deletion_and_lose_nothing(stack: Stack, figures: Callable[[str], None]) -> None:
    """SECURITY P34: 50 deletions, services and workers killed at random meanwhile; within 120 s nothing is left of anybody."""
    leaving = [people.sign_up(stack.url, "leaver") for _ in range(50)]
    for number, person in enumerate(leaving):
        settle_in(person) if number % 5 == 0 else practice.saved(person)
        assert ask_to_go(person).status_code == 200
    victims = [name for each in services.names() for name in (each, f"{each}-worker")]
    dice, killed, started = random.Random(34), 0, time.monotonic()

    for person in leaving:
        make_due(stack, person)
        if dice.random() < 0.5:
            with suppress(ProcessLookupError):  # it is dead already, and about to be started again
                os.kill(stack.processes()[dice.choice(victims)]["pid"], signal.SIGKILL)
                killed += 1
            time.sleep(0.4)
    left = leaving
    while left and time.monotonic() - started < FORGOTTEN_SECONDS:
        left = [person for person in left if not is_gone(stack, person) or left_of(stack, person)]
        time.sleep(0.5)
    took = time.monotonic() - started

    figures(f"P34: 50 people deleted with {killed} processes killed: {took:.1f} s after the first was due nothing is left")
    assert not left, [(str(person.id), is_gone(stack, person), left_of(stack, person)) for person in left]
    stack.wait_until_healthy(30)
