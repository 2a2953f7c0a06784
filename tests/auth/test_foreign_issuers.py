"""Whoever signs in elsewhere is somebody here: by tokens of issuers that the operator names, and by nothing else."""

import base64
import gzip
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from services.auth import foreign, issuers, revocations
from services.auth.foreign import Foreign
from services.auth.outside import Outside
from shared import db, identity
from tests import people
from tests.issuer import AUDIENCE, Elsewhere, Issuer, Key, send
from tests.people import Person
from tests.security.signing import b64, segment

DOORS = {"auth": "/api/user/profile", "media": "/files", "sessions": "/api/sessions"}
NOW = int(time.time())


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    running = Elsewhere(tmp_path_factory.mktemp("elsewhere")).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def honest_again(elsewhere: Elsewhere) -> Iterator[None]:
    yield
    for each in (elsewhere.auth0, elsewhere.clerk, elsewhere.supabase):
        each.lies.clear()


def statuses(person: Person) -> dict[str, int]:
    return {service: person.get(path).status_code for service, path in DOORS.items()}


def everywhere(status: int) -> dict[str, int]:
    return dict.fromkeys(DOORS, status)


def id_of(person: Person) -> str:
    answer = person.get("/api/user/profile")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def change(elsewhere: Elsewhere, statement: str, **facts: Any) -> None:
    """Something that happened to an account, as a worker would write it."""
    engine = elsewhere.stack.engine("auth-worker")
    with db.transaction(engine) as session:
        session.execute(text(statement), facts)
    engine.dispose()


def resolve(elsewhere: Elsewhere, token: str) -> httpx2.Response:
    """Ask auth as media does."""
    key = base64.b64decode(json.loads(elsewhere.stack.secret("media", "internal_keys"))["auth"])
    signed = identity.sign_internal(caller="media", audience="auth", key=key, user_id=None, session_id=None)
    url = f"{elsewhere.stack.service_url('auth')}/internal/identities/resolve"
    return httpx2.post(url, json={"token": token}, headers={"Authorization": f"Bearer {signed}"})


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


class Forger:
    """Somebody who has seen the issuer's public keys, has accounts with it and with others, and tries everything."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self.issuer, self.elsewhere = elsewhere.auth0, elsewhere
        self.own = Key("RS256", kid=self.issuer.keys[0].kid)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/keys.json"

    def good(self, **claims: Any) -> str:
        return self.issuer.token(**{"sub": "auth0|victim"} | claims)

    def headed(self, **header: Any) -> str:
        return self.issuer.token(sub="auth0|victim", header=header)

    def owned(self, **header: Any) -> str:
        return self.issuer.token(key=self.own, sub="auth0|victim", header=header)

    def unsigned(self, alg: str) -> str:
        head = {"alg": alg, "typ": "JWT", "kid": self.issuer.keys[0].kid}
        return f"{segment(head)}.{segment(self.issuer.claims(sub='auth0|victim'))}."

    def hmac_signed(self, encoding: Encoding | None) -> str:
        public = self.issuer.keys[0].private.public_key()
        key = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo) if encoding else b""
        head = {"alg": "HS256", "typ": "JWT", "kid": self.issuer.keys[0].kid}
        signed = f"{segment(head)}.{segment(self.issuer.claims(sub='auth0|victim'))}"
        return f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"


FORGERIES: dict[str, Callable[[Forger], str]] = {
    "a mock value": lambda it: "mock-token",
    "a word": lambda it: "undefined",
    "our own name as issuer": lambda it: it.good(iss="tutti", aud="tutti-api"),
    "alg none": lambda it: it.unsigned("none"),
    "alg nOnE": lambda it: it.unsigned("nOnE"),
    "HS256 with the public PEM": lambda it: it.hmac_signed(Encoding.PEM),
    "HS256 with the public DER": lambda it: it.hmac_signed(Encoding.DER),
    "HS256 with nothing": lambda it: it.hmac_signed(None),
    "RS512 in the header": lambda it: it.headed(alg="RS512"),
    "alg a list": lambda it: it.headed(alg=["RS256"]),
    "an algorithm that is not configured": lambda it: it.issuer.token(key=Key("ES256", kid=it.issuer.keys[0].kid)),
    "another key": lambda it: it.owned(),
    "signature stripped": lambda it: it.good().rpartition(".")[0] + ".",
    "signature of another token": lambda it: it.good().rpartition(".")[0] + "." + it.good(jti="x").rpartition(".")[2],
    "claims exchanged": lambda it: ".".join(
        [it.good().split(".")[0], segment(it.issuer.claims(sub="auth0|admin")), it.good().split(".")[2]]
    ),
    "embedded jwk": lambda it: it.owned(jwk=it.own.jwk()),
    "jku": lambda it: it.owned(jku=it.url),
    "jku beside a good signature": lambda it: it.headed(jku=it.url),
    "x5u": lambda it: it.owned(x5u=it.url),
    "x5c": lambda it: it.headed(x5c=["MIIB"]),
    "crit": lambda it: it.headed(crit=["exp"]),
    "kid a path": lambda it: it.headed(kid="../../dev/null"),
    "kid a list": lambda it: it.headed(kid=[it.issuer.keys[0].kid]),
    "kid unknown": lambda it: it.headed(kid="unknown"),
    "kid of another issuer": lambda it: it.headed(kid=it.elsewhere.clerk.keys[0].kid),
    "no kid": lambda it: it.headed(kid=None),
    "typ of our services": lambda it: it.headed(typ="st+jwt"),
    "typ a number": lambda it: it.headed(typ=1),
    "another issuer": lambda it: it.good(iss="https://evil.example/"),
    "the issuer with more behind": lambda it: it.good(iss=it.issuer.url + "evil"),
    "the issuer with more before": lambda it: it.good(iss="x" + it.issuer.url),
    "the issuer without its slash": lambda it: it.good(iss=it.issuer.url.rstrip("/")),
    "the issuer in capitals": lambda it: it.good(iss=it.issuer.url.upper()),
    "issuers in a list": lambda it: it.good(iss=[it.issuer.url]),
    "signed by another issuer that counts": lambda it: it.issuer.token(key=it.elsewhere.clerk.keys[0], sub="auth0|victim"),
    "no issuer": lambda it: it.good(iss=None),
    "another audience": lambda it: it.good(aud="https://other.test"),
    "other audiences": lambda it: it.good(aud=["https://other.test", AUDIENCE + "/"]),
    "audiences that are no text": lambda it: it.good(aud=[AUDIENCE, 1]),
    "an audience with more behind": lambda it: it.good(aud=AUDIENCE + "x"),
    "no audience": lambda it: it.good(aud=None),
    "another issuer's audience": lambda it: it.good(aud="authenticated"),
    "Clerk without a party": lambda it: it.elsewhere.clerk.token(aud=None),
    "Clerk for another party": lambda it: it.elsewhere.clerk.token(aud=None, azp="https://evil.test"),
    "expired": lambda it: it.good(iat=NOW - 900, exp=NOW - 60),
    "no exp": lambda it: it.good(exp=None),
    "exp a string": lambda it: it.good(exp=str(NOW + 600)),
    "exp a fraction": lambda it: it.good(exp=NOW + 600.5),
    "not yet": lambda it: it.good(nbf=int(time.time()) + 120),
    "iat in ten minutes": lambda it: it.good(iat=int(time.time()) + 600),
    "iat three days ago": lambda it: it.good(iat=NOW - 3 * 86_400),
    "no iat": lambda it: it.good(iat=None),
    "no subject": lambda it: it.good(sub=None),
    "an empty subject": lambda it: it.good(sub=""),
    "a subject of 300 characters": lambda it: it.good(sub="x" * 300),
    "a subject with NUL": lambda it: it.good(sub="auth0|victim\0"),
    "a subject that is a number": lambda it: it.good(sub=7),
}


@pytest.fixture(scope="module")
def forger(elsewhere: Elsewhere) -> Iterator[Forger]:
    forging = Forger(elsewhere)
    yield forging
    forging.listener.close()


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_gets_in_nowhere(elsewhere: Elsewhere, forger: Forger, name: str) -> None:
    """SECURITY 19, 21, 22, 24, 25, 27."""
    person = elsewhere.someone(FORGERIES[name](forger))
    before = elsewhere.auth0.userinfo_asked

    answers = {service: person.get(path) for service, path in DOORS.items()}

    assert {service: answer.status_code for service, answer in answers.items()} == everywhere(401)
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers.values())
    assert elsewhere.auth0.userinfo_asked == before


def test_no_address_in_a_token_is_ever_asked(elsewhere: Elsewhere, forger: Forger) -> None:
    """SECURITY 21."""
    for name in ("jku", "jku beside a good signature", "x5u"):
        assert statuses(elsewhere.someone(FORGERIES[name](forger))) == everywhere(401)

    with pytest.raises(BlockingIOError):
        forger.listener.accept()


def test_key_ids_that_nobody_knows_cost_one_question(elsewhere: Elsewhere) -> None:
    """SECURITY 31."""
    elsewhere.someone(elsewhere.auth0.token()).get("/files")
    before = elsewhere.auth0.keys_asked

    for number in range(30):
        assert elsewhere.someone(elsewhere.auth0.token(header={"kid": f"k{number}"})).get("/files").status_code == 401

    assert elsewhere.auth0.keys_asked - before <= 1


def test_known_keys_count_while_the_issuer_is_down(elsewhere: Elsewhere) -> None:
    """SECURITY 30."""
    elsewhere.someone(elsewhere.auth0.token()).get("/files")
    elsewhere.auth0.lies["/.well-known/jwks.json"] = lambda request: send(request, b"down", status=500)

    assert statuses(elsewhere.someone(elsewhere.auth0.token())) == everywhere(200)


def test_an_issuer_exchanges_its_keys_without_anybody_noticing(monkeypatch: pytest.MonkeyPatch) -> None:
    """SECURITY 30, 31: the next key counts as soon as it is published, a key that is taken back no longer."""
    issuer = Issuer()
    (said,) = issuers.parse(json.dumps([{"issuer": issuer.url, "audience": AUDIENCE}]))
    taking, old, new = Foreign(said, Outside()), issuer.keys[0], Key("ES256")
    assert taking.verified(issuer.token(key=old))
    issuer.keys = [old, new]

    with pytest.raises(identity.TokenInvalid):
        taking.verified(issuer.token(key=new))  # the keys were fetched a moment ago
    monkeypatch.setattr(identity, "REFETCH_SECONDS", 0)
    assert taking.verified(issuer.token(key=new))
    assert taking.verified(issuer.token(key=old))
    issuer.keys = [new]
    monkeypatch.setattr(foreign, "REFETCH_SECONDS", 0)
    monkeypatch.setattr(identity, "KEYS_FRESH_SECONDS", 0)

    assert taking.verified(issuer.token(key=new))
    with pytest.raises(identity.TokenInvalid):
        taking.verified(issuer.token(key=old))
    issuer.keys = []  # no keys at all is no answer
    assert taking.verified(issuer.token(key=new))
    issuer.stop()


BAD_KEYS: dict[str, Callable[[Key], dict[str, Any]]] = {
    "for encryption": lambda it: it.jwk() | {"use": "enc"},
    "of another algorithm": lambda it: it.jwk() | {"alg": "RS512"},
    "symmetric": lambda it: {"kty": "oct", "k": "c2VjcmV0", "kid": it.kid, "alg": "HS256"},
    "broken": lambda it: it.jwk() | {"n": "!!!"},
    "short": lambda it: it.jwk() | {"n": "u" * 171},
    "without an id": lambda it: {name: value for name, value in it.jwk().items() if name != "kid"},
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_key_that_does_not_count_takes_none_of_the_others_away(name: str) -> None:
    """SECURITY 20, 29."""
    issuer, bad = Issuer(), Key("RS256")
    published = {"keys": [BAD_KEYS[name](bad), issuer.keys[0].jwk()]}
    issuer.lies["/.well-known/jwks.json"] = lambda request: send(request, published)
    (said,) = issuers.parse(json.dumps([{"issuer": issuer.url, "audience": AUDIENCE}]))
    taking = Foreign(said, Outside())

    assert taking.verified(issuer.token())
    with pytest.raises(identity.TokenInvalid):
        taking.verified(issuer.token(key=bad))
    issuer.stop()


def test_an_opaque_token_is_asked_about_once(elsewhere: Elsewhere, figures: Callable[[str], None]) -> None:
    token = elsewhere.auth0.opaque()
    person, before = elsewhere.someone(token), elsewhere.auth0.userinfo_asked

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: person.get(list(DOORS.values())[number % 3]).status_code, range(50)))

    asked = elsewhere.auth0.userinfo_asked - before
    figures(f"foreign issuers: 50 requests at once over 3 services with one opaque token: {asked} question to its issuer")
    assert answers == [200] * 50
    assert asked == 1


def test_what_the_issuer_does_not_know_is_nobody(elsewhere: Elsewhere) -> None:
    person, before = elsewhere.someone("x" * 40), elsewhere.auth0.userinfo_asked

    assert [statuses(person) for _ in range(3)] == [everywhere(401)] * 3
    assert elsewhere.auth0.userinfo_asked - before == 1


def slowly(request: Any) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    for _ in range(40):
        try:
            request.wfile.write(b" ")
        except OSError:
            return
        time.sleep(0.5)


GOOD = {"sub": "auth0|liar"}
LIES: dict[str, tuple[Callable[[Any], None], int]] = {
    "no subject": (lambda it: send(it, {"email": "a@example.com"}), 401),
    "an empty subject": (lambda it: send(it, {"sub": ""}), 401),
    "a list of subjects": (lambda it: send(it, {"sub": ["auth0|liar"]}), 401),
    "a long subject": (lambda it: send(it, {"sub": "x" * 256}), 401),
    "a list": (lambda it: send(it, [GOOD]), 503),
    "no JSON": (lambda it: send(it, b"<html>"), 503),
    "nothing": (lambda it: send(it, b""), 503),
    "subjects repeated": (lambda it: send(it, b'{"sub": "a", "sub": "b"}'), 503),
    "100 KB": (lambda it: send(it, GOOD | {"more": "x" * 100_000}), 503),
    "a bomb": (lambda it: send(it, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), 503),
    "an error": (lambda it: send(it, GOOD, status=500), 503),
    "another kind of success": (lambda it: send(it, GOOD, status=206), 503),
    "a redirect": (lambda it: send(it, GOOD, status=302, Location="/elsewhere"), 503),
    "a drop at a time": (slowly, 503),
}


@pytest.mark.parametrize("name", LIES)
def test_an_issuer_that_lies_about_an_opaque_token_lets_nobody_in(elsewhere: Elsewhere, name: str) -> None:
    """SECURITY 76, 77, 78, 79."""
    lie, status = LIES[name]
    person = elsewhere.someone(elsewhere.auth0.opaque())
    elsewhere.auth0.lies["/userinfo"] = lie
    started = time.monotonic()

    answer = person.get("/files")

    assert answer.status_code == status, answer.text
    assert time.monotonic() - started < 9
    assert elsewhere.auth0.asked["/elsewhere"] == 0
    assert elsewhere.auth0.base not in answer.text
    assert answer.headers.get("Set-Cookie") is None


def test_an_address_is_an_accounts_only_where_the_issuer_is_sure_of_it(elsewhere: Elsewhere) -> None:
    """SECURITY 15."""
    sure = elsewhere.auth0.token(email="Sure@Example.com", email_verified=True)
    not_sure = [
        elsewhere.auth0.token(email=f"claim{n}@example.com", email_verified=v) for n, v in enumerate([False, "true", 1])
    ]

    assert elsewhere.someone(sure).get("/api/user/profile").json()["email"] == "sure@example.com"
    for token in not_sure:
        assert elsewhere.someone(token).get("/api/user/profile").json()["email"].endswith("@auth0.invalid")


def test_an_account_is_opened_from_elsewhere_only_where_both_sides_are_sure(elsewhere: Elsewhere) -> None:
    """SECURITY 15."""
    alice, bob = people.sign_up(elsewhere.stack.url, "alice"), people.sign_up(elsewhere.stack.url, "bob")
    change(elsewhere, "UPDATE users SET email_confirmed_at = now() WHERE id = :id", id=alice.id)

    linked = elsewhere.someone(elsewhere.auth0.token(email=alice.email, email_verified=True))
    claimed = elsewhere.someone(elsewhere.auth0.token(email=alice.email, email_verified=False))
    unconfirmed = elsewhere.someone(elsewhere.auth0.token(email=bob.email, email_verified=True))

    assert id_of(linked) == str(alice.id)
    assert statuses(claimed) == statuses(unconfirmed) == everywhere(409)
    told = unconfirmed.get("/files").json()
    assert (told["code"], "new password" in told["detail"]) == ("bearer_unlinked", True)


def test_a_disabled_person_is_out_everywhere_within_5_seconds(elsewhere: Elsewhere, figures: Callable[[str], None]) -> None:
    """SECURITY 26."""
    issuer = elsewhere.auth0
    signed, opaque = elsewhere.someone(issuer.token(sub="auth0|banned")), elsewhere.someone(issuer.opaque("auth0|banned"))
    assert statuses(signed) == statuses(opaque) == everywhere(200)
    user_id = id_of(signed)
    engine = elsewhere.stack.engine("auth-worker")
    with db.transaction(engine) as session:
        session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": user_id})
        revocations.revoke(session, user_id=user_id)
    engine.dispose()
    started = time.monotonic()

    while not statuses(signed) == statuses(opaque) == everywhere(401):
        assert time.monotonic() - started < 5
        time.sleep(0.1)
    figures(f"foreign issuers: a disabled person's bearers out at 3 services after {time.monotonic() - started:.1f} s")
    time.sleep(1.1)  # so that the next token is younger than the revocation
    assert statuses(elsewhere.someone(issuer.token(sub="auth0|banned"))) == everywhere(401)
    assert statuses(elsewhere.someone(issuer.opaque("auth0|banned"))) == everywhere(401)


def test_signing_out_ends_the_bearers_of_that_issuer(elsewhere: Elsewhere) -> None:
    person = elsewhere.someone(elsewhere.auth0.token(sub="auth0|leaver"))
    assert statuses(person) == everywhere(200)

    assert person.post("/api/auth/logout", {}).status_code == 204

    deadline = time.monotonic() + 5
    while statuses(person) != everywhere(401):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.1)
    assert statuses(elsewhere.someone(elsewhere.auth0.token(sub="auth0|leaver"))) == everywhere(200)


def test_disconnecting_an_issuer_ends_its_bearers(elsewhere: Elsewhere) -> None:
    alice = people.sign_up(elsewhere.stack.url, "alice")
    change(elsewhere, "UPDATE users SET email_confirmed_at = now() WHERE id = :id", id=alice.id)
    person = elsewhere.someone(elsewhere.auth0.token(email=alice.email, email_verified=True))
    assert statuses(person) == everywhere(200)
    (connected,) = alice.get("/api/user/identities").json()

    assert alice.delete(f"/api/user/identities/{connected['id']}").status_code == 204

    deadline = time.monotonic() + 5
    while statuses(person) != everywhere(401):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert statuses(alice) == everywhere(200)


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
def test_an_opaque_token_is_asked_about_again_and_stays_as_old_as_it_is(elsewhere: Elsewhere) -> None:
    """Signed out with it, it never counts again; given up by its issuer, it counts until it is asked about again."""
    issuer = elsewhere.auth0
    leaver, taken, kept = (elsewhere.someone(issuer.opaque()) for _ in range(3))
    assert [statuses(each) for each in (leaver, taken, kept)] == [everywhere(200)] * 3
    leaver.post("/api/auth/logout", {})
    issuer.people.pop(taken.token)
    before = issuer.userinfo_asked

    time.sleep(31)

    assert [statuses(each) for each in (leaver, taken, kept)] == [everywhere(401), everywhere(401), everywhere(200)]
    assert issuer.userinfo_asked - before == 3


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
