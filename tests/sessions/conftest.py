"""Alice and Bob of the sessions, who sign up while others are tested."""

from collections.abc import Iterator

import pytest

from tests.people import Newcomers, Person


@pytest.fixture
def alice(newcomers: Newcomers) -> Iterator[Person]:
    person = newcomers.next()
    yield person
    person.http.close()


@pytest.fixture
def bob(newcomers: Newcomers) -> Iterator[Person]:
    person = newcomers.next()
    yield person
    person.http.close()
