"""Which account a bearer of another issuer opens, and when it opens it no longer."""

import time
from collections.abc import Callable

from sqlalchemy import text

from services.auth import revocations
from shared import db
from tests import people
from tests.auth.with_issuers.doors import change, everywhere, id_of, statuses
from tests.issuer import Elsewhere


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
