"""Grace Hopper, who has an account at a provider, and her ways through a browser."""

import time

import httpx2
from sqlalchemy import text

from shared import db, ids
from tests import mails, people
from tests.auth import outside
from tests.auth.outside import APP, PUBLIC, Browser, Others
from tests.people import PASSWORD, Person
from tests.stack import Stack

CONNECTION = {"redirect_to": APP, "current_password": PASSWORD}  # who has none is not asked for it


def somebody(others: Others, provider: str = "google", **claims: object) -> str:
    """Somebody new with an account at a provider: their subject there."""
    subject = str(ids.new().int % 10**16)
    others.know(provider, subject, **({"email": email_of(subject), "email_verified": True, "name": "Grace Hopper"} | claims))
    return subject


def email_of(subject: str) -> str:
    return f"grace-{subject}@example.com"


def exchanged(nobody: Person, code: str, **more: str) -> httpx2.Response:
    return nobody.post("/api/auth/token", {"code": code, **more})


def signed_in_by(nobody: Person, code: str) -> Person:
    """The person whom a code signs in."""
    answer = exchanged(nobody, code)
    assert answer.status_code == 200, answer.text
    person = people.nobody(str(nobody.http.base_url))
    person.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    person.email = answer.json()["user"]["email"]
    person.id = answer.json()["user"]["id"]
    return person


def confirm(stack: Stack, person: Person) -> None:
    """As if this person had opened the link in the mail."""
    with db.transaction(stack.engine("auth-worker")) as session:
        session.execute(text("UPDATE users SET email_confirmed_at = now() WHERE id = :id"), {"id": person.id})


def start(**query: str) -> str:
    return f"{PUBLIC}/api/auth/oauth/google?redirect_to={APP}" + "".join(f"&{name}={value}" for name, value in query.items())


def connected(browser: Browser, person: Person, provider: str, subject: str) -> httpx2.Response:
    """Connect a provider to somebody's account."""
    begun = person.post(f"/api/user/identities/{provider}", CONNECTION)
    assert begun.status_code == 200, begun.text
    there = browser.go(begun.json()["url"], subject)
    assert isinstance(there, str), there.text
    return person.post("/api/user/identities", {"code": outside.told(there)["link_code"]})


def wait_for_subject(stack: Stack, address: str, subject: str) -> None:
    """Until a mail with this subject has come."""
    deadline = time.monotonic() + mails.WITHIN_SECONDS
    while subject not in [mail["Subject"] for mail in mails.to(stack, address)]:
        assert time.monotonic() < deadline, f"no mail said {subject}"
        time.sleep(0.05)
