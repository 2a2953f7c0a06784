"""Whoever signs in elsewhere is somebody here: by tokens of issuers that the operator names, and by nothing else."""

import time

import httpx2
import psutil
import pytest

from tests.auth.with_issuers.doors import change, everywhere, id_of, resolve, statuses
from tests.issuer import AUDIENCE, Elsewhere


def test_a_signed_token_of_each_issuer_gets_in_everywhere(elsewhere: Elsewhere) -> None:
    tokens = {
        "auth0": elsewhere.auth0.token(aud=[AUDIENCE, f"{elsewhere.auth0.url}userinfo"]),
        "clerk": elsewhere.clerk.token(aud=None, azp="https://app.test", header={"cat": "cl_B7d4PD111AAA"}),
        "clerk with another key": elsewhere.clerk.token(aud=None, azp="https://app.test", key=elsewhere.clerk.keys[1]),
        "supabase": elsewhere.supabase.token(aud="authenticated", user_metadata={"full_name": "Ana"}),
    }

    assert {name: statuses(elsewhere.someone(token)) for name, token in tokens.items()} == dict.fromkeys(
        tokens, everywhere(200)
    )
    assert elsewhere.someone(tokens["supabase"]).get("/api/user/profile").json()["name"] == "Ana"


def test_the_same_subject_is_the_same_person_and_only_that_one(elsewhere: Elsewhere) -> None:
    """SECURITY 15."""
    issuer = elsewhere.auth0
    alice = id_of(elsewhere.someone(issuer.token(sub="auth0|alice")))

    again = id_of(elsewhere.someone(issuer.token(sub="auth0|alice", jti="another")))
    opaque = id_of(elsewhere.someone(issuer.opaque("auth0|alice")))
    others = [
        issuer.token(sub="auth0|Alice"),
        issuer.token(sub="auth0|alice "),
        issuer.token(sub="alice"),
        elsewhere.supabase.token(sub="auth0|alice", aud="authenticated"),
    ]

    assert again == opaque == alice
    assert alice not in {id_of(elsewhere.someone(token)) for token in others}


def test_a_stranger_cannot_reach_what_a_person_from_elsewhere_keeps(elsewhere: Elsewhere) -> None:
    alice, bob = elsewhere.someone(elsewhere.auth0.token()), elsewhere.someone(elsewhere.auth0.token())
    saved = alice.post("/api/sessions", {"song_name": "Minuet", "instrument": "Piano", "duration_seconds": 60}).json()

    assert alice.get(f"/api/sessions/{saved['id']}").status_code == 200
    assert bob.get(f"/api/sessions/{saved['id']}").status_code == 404
    assert bob.delete(f"/api/sessions/{saved['id']}").status_code == 404
    assert bob.get("/api/sessions").json() == []


def test_an_administrator_is_none_by_another_issuers_token(elsewhere: Elsewhere) -> None:
    token = elsewhere.auth0.token(sub="auth0|boss")
    user_id = id_of(elsewhere.someone(token))
    change(elsewhere, 'UPDATE users SET roles = \'["user", "admin"]\' WHERE id = :id', id=user_id)

    found = resolve(elsewhere, elsewhere.auth0.token(sub="auth0|boss", roles=["admin"], jti="later")).json()

    assert (found["user_id"], found["roles"]) == (user_id, ["user"])


def test_only_services_exchange(elsewhere: Elsewhere) -> None:
    token = elsewhere.auth0.token()
    url = f"{elsewhere.stack.service_url('auth')}/internal/identities/resolve"

    assert resolve(elsewhere, token).status_code == 200
    assert httpx2.post(url, json={"token": token}).status_code == 401
    assert httpx2.post(url, json={"token": token}, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert elsewhere.someone(token).post("/internal/identities/resolve", {"token": token}).status_code == 404


@pytest.mark.nightly
def test_auths_absence_is_not_a_bad_token(elsewhere: Elsewhere) -> None:
    """What was exchanged goes on; what was not is 503, and good again when auth is back."""
    known, new = elsewhere.someone(elsewhere.auth0.token()), elsewhere.someone(elsewhere.auth0.token())
    assert known.get("/files").status_code == 200
    auth = psutil.Process(elsewhere.stack.processes()["auth"]["pid"])
    stopped = [*auth.children(recursive=True), auth]
    for each in stopped:
        each.suspend()
    try:
        answers = known.get("/files").status_code, new.get("/files").status_code
    finally:
        for each in stopped:
            each.resume()

    assert answers == (200, 503)
    time.sleep(1)
    assert new.get("/files").status_code == 200
