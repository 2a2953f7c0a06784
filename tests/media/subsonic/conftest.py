"""Ada and her phone, the same ones for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests import people
from tests.media import make
from tests.media.subsonic.player import Player
from tests.people import Person
from tests.stack import Stack


@pytest.fixture(scope="module")
def ada(stack: Stack) -> Iterator[Person]:
    person = people.sign_up(stack.url, "ada")
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def phone(ada: Person) -> Player:
    return Player(ada)


@pytest.fixture(scope="module")
def songs(ada: Person) -> list[str]:
    """Three songs of Ada's, of two seconds each."""
    sent = [("file", (f"{n}.wav", make.wav(2, pitch_hz=300 + n))) for n in range(3)]
    made = [file["id"] for file in ada.post("/files/upload", files=sent).json()]
    return [make.ready(ada, each)["id"] for each in made]
