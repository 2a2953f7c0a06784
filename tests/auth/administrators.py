"""Administrators for the tests: people whom whoever holds the database made so."""

from sqlalchemy import text

from shared.db import transaction
from tests import people
from tests.people import Person
from tests.stack import Stack


def make_admin(stack: Stack, person: Person) -> Person:
    """Give this person the role, and tokens that say so."""
    set_roles(stack, person, '["user", "admin"]')
    people.sign_in(person)
    return person


def set_roles(stack: Stack, person: Person, roles: str) -> None:
    """Give this person these roles (JSON), behind everybody's back."""
    run(stack, "UPDATE users SET roles = CAST(:roles AS json) WHERE id = :id", roles=roles, id=person.id)


def run(stack: Stack, statement: str, **facts: object) -> None:
    """Change something as the worker's role, which sees every row."""
    with transaction(stack.engine("auth-worker")) as db:
        db.execute(text(statement), facts)
