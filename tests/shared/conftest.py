"""A second Tutti with the throwaway guestbook in it, so that tests reach every mechanism of `shared` over HTTP."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests import people, throwaway
from tests.people import Person
from tests.stack import Stack


@pytest.fixture(scope="session")
def inn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with the guestbook."""
    root = throwaway.make(tmp_path_factory.mktemp("tree"))
    settings = {"API_RATE_LIMIT_PER_MINUTE": "5", "TRUSTED_PROXIES": "127.0.0.1"}
    running = Stack(tmp_path_factory.mktemp("inn"), root=root, **settings).start()
    yield running
    running.stop()


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
