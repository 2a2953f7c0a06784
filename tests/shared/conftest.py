"""The inn, a Tutti with the throwaway guestbook in it, lets tests reach every mechanism of `shared` over HTTP: its people."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests import people
from tests.people import Person
from tests.stack import Stack


@pytest.fixture
def guest(inn: Stack) -> Iterator[Person]:
    person = people.sign_up(inn.url, "guest")
    yield person
    person.http.close()


@pytest.fixture
def stranger(inn: Stack) -> Iterator[Person]:
    person = people.sign_up(inn.url, "stranger")
    yield person
    person.http.close()


@pytest.fixture(scope="session")
def web(inn: Stack) -> Iterator[Engine]:
    """The database as the guestbook's web role."""
    engine = inn.engine("guestbook")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def system(inn: Stack) -> Iterator[Engine]:
    """The database as the guestbook's worker."""
    engine = inn.engine("guestbook-worker")
    yield engine
    engine.dispose()
