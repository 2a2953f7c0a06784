"""The doors that a bearer of another issuer opens or does not, and how its account is looked at from behind."""

import base64
import json
from typing import Any

import httpx2
from sqlalchemy import text

from shared import db, identity
from tests.issuer import Elsewhere
from tests.people import Person

DOORS = {"auth": "/api/user/profile", "media": "/files", "sessions": "/api/sessions"}


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
