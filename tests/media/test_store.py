"""The object store as media sees it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from services.media import store as stores
from services.media.errors import BytesLost, StoreUnavailable
from services.media.store import TRIPS_AFTER, Store
from tests.media import make
from tests.media.weather import Road
from tests.stack import Stack


@pytest.fixture
def store(stack: Stack, tmp_path: Path) -> Store:
    return Store(make.settings(stack, tmp_path))


@pytest.fixture
def road(stack: Stack) -> Iterator[Road]:
    made = Road(stack.processes()["store"]["port"])
    yield made
    made.close()


@pytest.fixture
def far(stack: Stack, road: Road, tmp_path: Path) -> Store:
    """The store at the end of the road."""
    return Store(make.settings(stack, tmp_path).model_copy(update={"s3_endpoint": road.url}))


def put(store: Store) -> None:
    store.put("tutti", "tests/far", BytesIO(b"abc"), size_bytes=3, mime_type="audio/wav")


def test_a_store_that_starts_again_meanwhile_gets_its_object(store: Store, far: Store, road: Road) -> None:
    put(far)
    store.delete("tutti", "tests/far")
    road.turn("gone")
    threading.Timer(0.5, road.turn, ["well"]).start()

    put(far)

    assert store.read_all("tutti", "tests/far", at_most=10) == b"abc"


def test_bytes_are_expected_again_as_soon_as_the_store_is_back(far: Store, road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "RESTART_SECONDS", 0.1)
    put(far)
    road.turn("gone")
    far.expect_bytes()  # nobody knows yet
    with pytest.raises(StoreUnavailable):
        put(far)

    for _ in range(TRIPS_AFTER + 1):
        with pytest.raises(StoreUnavailable):
            far.expect_bytes()
    road.turn("well")

    far.expect_bytes()
    put(far)


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
