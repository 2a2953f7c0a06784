"""What media's worker has, for tests that act as one of its jobs does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.media.store import Store
from services.media.tasks import Work
from tests.media import make
from tests.people import Newcomers, Person
from tests.stack import Stack


@pytest.fixture
def worker(stack: Stack) -> Iterator[Engine]:
    """The database as media's worker."""
    engine = stack.engine("media-worker")
    yield engine
    engine.dispose()


@pytest.fixture
def work(stack: Stack, worker: Engine, tmp_path: Path) -> Work:
    """The worker's world, with a spool and a cache of its own."""
    settings = make.settings(stack, tmp_path)
    for folder in (tmp_path / "spool", settings.cache_folder):
        folder.mkdir()
    return Work(settings, worker, {}, Store(settings), tmp_path / "spool", settings.cache_folder)


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
