"""The public half of the keys is for everybody, the private half for nobody; what is internal stays inside."""

import base64
import json

import httpx2
from sqlalchemy import text

from shared import db, identity
from tests.people import Person
from tests.stack import Stack


def internal(stack: Stack, path: str, *, audience: str = "auth") -> httpx2.Response:
    key = base64.b64decode(json.loads(stack.secret("media", "internal_keys"))["auth"])
    token = identity.sign_internal(caller="media", audience=audience, key=key, user_id=None, session_id=None)
    return httpx2.get(f"{stack.service_url('auth')}/internal{path}", headers={"Authorization": f"Bearer {token}"})


def test_the_public_keys_have_no_private_part_and_may_be_kept_for_five_minutes(nobody: Person) -> None:
    answer = nobody.get("/.well-known/jwks.json")

    assert answer.headers["cache-control"] == "public, max-age=300"
    for key in answer.json()["keys"]:
        assert key.keys() == {"kty", "crv", "alg", "use", "kid", "x", "y"}
        assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")


def test_the_private_half_is_sealed_at_rest(stack: Stack) -> None:
    engine = stack.engine("auth-worker")
    with db.transaction(engine) as session:
        rows = session.execute(text("SELECT state, private_key FROM signing_keys")).all()
    engine.dispose()

    assert [row.state for row in rows].count("active") == 1
    assert not any(b"\x30\x81\x87" in bytes(row.private_key) for row in rows)  # how a private key in DER begins


def test_services_read_the_same_keys_inside(stack: Stack, nobody: Person) -> None:
    assert internal(stack, "/keys").json()["keys"] == nobody.get("/.well-known/jwks.json").json()["keys"]


def test_what_is_internal_is_not_for_people(stack: Stack, alice: Person) -> None:
    direct = httpx2.get(f"{stack.service_url('auth')}/internal/keys", headers={"Authorization": f"Bearer {alice.token}"})

    assert alice.get("/internal/keys").status_code == 404
    assert (direct.status_code, direct.headers["content-type"]) == (401, "application/problem+json")
    assert internal(stack, "/keys", audience="media").status_code == 401


def test_revocations_are_answered_once_their_cursor_is_known(stack: Stack, alice: Person) -> None:
    before = internal(stack, "/revocations?after=").json()["next"]
    alice.post("/api/auth/logout")

    answer = internal(stack, f"/revocations?after={before}").json()

    assert [each.keys() for each in answer["revoked"]] and all("before" in each for each in answer["revoked"])
    assert int(answer["next"]) >= int(before)


def test_a_revocation_that_commits_late_is_not_lost(stack: Stack, alice: Person, bob: Person) -> None:
    engine = stack.engine("auth")
    write = text(
        "INSERT INTO revocations (id, user_id, before, expires_at) "
        "VALUES (gen_random_uuid(), :user_id, 0, now() + interval '1 minute')"
    )
    with db.transaction(engine, user_id=alice.id) as slow:
        slow.execute(write, {"user_id": alice.id})
        with db.transaction(engine, user_id=bob.id) as quick:
            quick.execute(write, {"user_id": bob.id})
        seen = internal(stack, "/revocations?after=").json()
    engine.dispose()

    named = {each.get("user_id") for each in seen["revoked"]}
    later = {each.get("user_id") for each in internal(stack, f"/revocations?after={seen['next']}").json()["revoked"]}
    assert str(bob.id) in named and str(alice.id) not in named and str(alice.id) in later


def test_a_cursor_that_makes_no_sense_gives_everything(stack: Stack, alice: Person) -> None:
    alice.post("/api/auth/logout")
    everything = internal(stack, "/revocations?after=").json()["revoked"]

    for after in ("x", "-1", "9" * 18, "9" * 40, "%00", "1e3"):
        assert len(internal(stack, f"/revocations?after={after}").json()["revoked"]) >= len(everything) > 0


def test_a_service_is_ready_when_it_can_sign(stack: Stack) -> None:
    answer = httpx2.get(f"{stack.service_url('auth')}/ready").json()

    assert answer["dependencies"] == {"database": "ok", "keys": "ok", "revocations": "ok", "signing key": "ok"}
