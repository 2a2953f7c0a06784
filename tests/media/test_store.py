"""The object store as media sees it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from services.media.errors import BytesLost
from services.media.store import TRIPS_AFTER, Store
from tests.media import make
from tests.stack import Stack


@pytest.fixture
def store(stack: Stack, tmp_path: Path) -> Store:
    return Store(make.settings(stack, tmp_path))


READS: list[Callable[[Store], object]] = [
    lambda store: store.read("tutti", "tests/gone", start=0, length=3),
    lambda store: store.read_all("tutti", "tests/gone", at_most=10),
    lambda store: store.read("no-such-bucket", "gone", start=0, length=3),
]


@pytest.mark.parametrize("read", READS, ids=["a range", "the whole", "of no bucket"])
def test_an_object_that_is_gone_is_lost_and_the_store_is_not_down_for_it(store: Store, read: Callable[[Store], object]) -> None:
    store.put("tutti", "tests/gone", BytesIO(b"abc"), size_bytes=3, mime_type="audio/wav")
    store.delete("tutti", "tests/gone")

    for _ in range(TRIPS_AFTER + 1):
        with pytest.raises(BytesLost):
            read(store)

    assert store.ping() == "ok"


def test_objects_come_while_the_last_of_their_folder_goes(store: Store) -> None:
    def come_and_go(name: int) -> None:
        for _ in range(40):
            store.put("tutti", f"tests/busy/{name}", BytesIO(b"abc"), size_bytes=3, mime_type="audio/wav")
            store.delete("tutti", f"tests/busy/{name}")

    with ThreadPoolExecutor(4) as several:
        assert list(several.map(come_and_go, range(4))) == [None] * 4


def test_deleting_may_be_repeated(store: Store) -> None:
    store.put("tutti", "tests/twice", BytesIO(b"abc"), size_bytes=3, mime_type="audio/wav")

    for _ in range(3):
        store.delete("tutti", "tests/twice")

    assert store.ping() == "ok"
