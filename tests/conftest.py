"""One running Tutti for the whole suite, and fresh people for each test."""

from collections.abc import Iterator

import pytest

from tests import people
from tests.people import Person
from tests.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("tutti")).start()
    yield running
    running.stop()


@pytest.fixture
def alice(stack: Stack) -> Iterator[Person]:
    person = people.sign_up(stack.url, "alice")
    yield person
    person.http.close()


@pytest.fixture
def bob(stack: Stack) -> Iterator[Person]:
    person = people.sign_up(stack.url, "bob")
    yield person
    person.http.close()


@pytest.fixture
def nobody(stack: Stack) -> Iterator[Person]:
    person = people.nobody(stack.url)
    yield person
    person.http.close()
