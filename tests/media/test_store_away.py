"""SECURITY P30 and P31: an object store that is away, silent, failing or slow, and disks that are full."""

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from services.media.proving import findings
from services.media.proving.findings import Wrong
from services.media.settings import Settings
from services.media.store import Store
from shared import clock
from tests import people
from tests.conftest import ROOM
from tests.media import make, weather
from tests.media.test_resumable import TUS, begun, send
from tests.media.weather import Road, Weather
from tests.people import Person
from tests.stack import Stack

pytestmark = [pytest.mark.nightly, pytest.mark.skipif(os.geteuid() != 0, reason="only an administrator may mount small disks")]

AWAY_SECONDS = 60
REFUSED_SECONDS = 6
BACK_SECONDS = 15
FREED_SECONDS = 30
REQUEUED_SECONDS = 120  # the wait of a job doubles with each attempt, so that it may be as long again as the store was away
METADATA_P99_SECONDS = 0.3
LEFT_BYTES = 300_000
FEW = 7  # uploads in a row, more than open the breaker
COLD = make.big_wav(6_000_000)
SOUND = make.big_wav(1_000_000)
METADATA = ("/files", "/files/tracks", "/files/albums", "/playlists", "/search?q=cold", "/statistics/overview")


class Frail(NamedTuple):
    """A Tutti whose store is on a small disk at the end of a road, and whose spool and cache are on small ones too."""

    stack: Stack
    road: Road
    disk: Path  # of the store
    spool: Path
    cache: Path

    def settings(self) -> Settings:
        """What media's worker reads of its environment."""
        secrets, home = self.stack.home / "secrets" / "media-worker", self.stack.home
        return Settings(_secrets_dir=secrets, service_name="media", data_dir=home, run_dir=home, s3_endpoint=self.road.url)

    def wrong(self) -> list[str]:
        """What rows and objects disagree about: what is unfinished is no row's, and what a row names is there."""
        engine, settings = self.stack.engine("media-worker"), self.settings()
        found = findings.look(engine, Store(settings), settings, stored_before=clock.now())
        wrong = [f"{each.wrong} {each.key}" for each in found]
        engine.dispose()
        return wrong


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Frail]:
    home = tmp_path_factory.mktemp("frail")
    with ExitStack() as at_the_end:
        disk, spool, cache = home / "small", home / "data" / "media" / "spool", home / "data" / "media" / "cache"
        for folder, size in ((disk, "80m"), (spool, "24m"), (cache, "16m")):
            at_the_end.enter_context(weather.small_disk(folder, size))
        road = Road(at_the_end.enter_context(weather.store(disk)))
        at_the_end.callback(road.close)
        keys = {"S3_ACCESS_KEY": weather.ACCESS_KEY, "S3_SECRET_KEY": weather.SECRET_KEY}
        stack = Stack(home, S3_ENDPOINT=road.url, **keys, **ROOM).start()
        at_the_end.callback(stack.stop)
        yield Frail(stack, road, disk, spool, cache)


@pytest.fixture
def ada(frail: Frail) -> Iterator[Person]:
    person = people.sign_up(frail.stack.url, "ada")
    yield person
    person.http.close()


class Asking:
    """Somebody who looks at lists all the time."""

    def __init__(self, person: Person) -> None:
        self.seconds: list[float] = []
        self.statuses: set[int] = set()
        self._person, self._is_over = person, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[-1]

    def _ask(self) -> None:
        number = 0
        while not self._is_over.wait(0.03):
            started = time.monotonic()
            self.statuses.add(self._person.get(METADATA[number % len(METADATA)]).status_code)
            self.seconds.append(time.monotonic() - started)
            number += 1


def timed(ask: Callable[[], Any], expected: int) -> float:
    """How long an answer took, which has this status."""
    started = time.monotonic()
    answer = ask()
    assert answer.status_code == expected, answer.text[:300]
    return time.monotonic() - started


@pytest.mark.parametrize("becomes", [each for each in get_args(Weather) if each != "well"])
def test_a_store_that_is_away_takes_nothing_else_with_it(
    frail: Frail, ada: Person, becomes: Weather, figures: Callable[[str], None]
) -> None:
    other, reader = people.sign_up(frail.stack.url, "bea"), people.sign_up(frail.stack.url, "cleo")
    cold, doomed = make.uploaded(ada, COLD, "cold.wav"), make.uploaded(ada, make.wav(), "doomed.wav")
    make.uploaded(reader, make.wav(0.2), "cold.wav")
    where, stream = begun(ada, len(SOUND)), f"/files/{cold['id']}/stream"
    frail.road.turn(becomes)
    ends_at, refused = time.monotonic() + AWAY_SECONDS, list[float]()
    asked: set[int] = set()
    try:
        with Asking(reader) as asking:
            assert ada.delete(f"/files/{doomed['id']}").status_code == 204
            while time.monotonic() < ends_at:
                refused.append(timed(lambda: make.upload(other, SOUND, "a.wav"), 503))
                refused.append(timed(lambda: ada.get(stream), 503))
                refused.append(timed(lambda: send(ada, where, 0, SOUND), 503))
                asked.add(ada.http.head(where, headers=TUS).status_code)
                time.sleep(0.5)
    finally:
        frail.road.turn("well")
    back_at = time.monotonic()

    make.until(lambda: make.upload(other, SOUND, "a.wav").status_code, lambda status: status == 201, seconds=BACK_SECONDS)
    make.until(lambda: ada.get(stream).content, lambda content: content == COLD, seconds=BACK_SECONDS)
    make.until(lambda: send(ada, where, 0, SOUND).status_code, lambda status: status == 204, seconds=BACK_SECONDS)
    frail.stack.wait_until_healthy(BACK_SECONDS)
    green = time.monotonic() - back_at
    left = lambda: list(frail.disk.rglob(f"*{doomed['id']}*"))  # noqa: E731
    make.until(left, lambda found: not found, seconds=REQUEUED_SECONDS)
    requeued = time.monotonic() - back_at

    figures(
        f"P30: store {becomes} for {AWAY_SECONDS} s: lists {len(asking.seconds)} of {len(asking.seconds)} answered, p99 "
        f"{asking.p99 * 1000:.0f} ms; {len(refused)} plays and uploads refused, at worst after {max(refused):.1f} s; "
        f"green {green:.1f} s after its return, what waited was deleted after {requeued:.0f} s"
    )
    assert asking.statuses == {200}
    assert asked <= {423} | ({200} if becomes == "slow" else set())  # a slow one answers what is short
    assert green <= BACK_SECONDS
    assert max(refused) <= REFUSED_SECONDS
    assert asking.p99 <= METADATA_P99_SECONDS
    assert make.until(frail.wrong, lambda found: not [each for each in found if each.startswith(Wrong.MISSING)]) is not None


def test_a_spool_that_is_full_refuses_and_recovers(frail: Frail, ada: Person, figures: Callable[[str], None]) -> None:
    where = begun(ada, len(SOUND))
    with weather.filled(frail.spool, but_bytes=LEFT_BYTES):
        whole, part = make.upload(ada, SOUND, "a.wav"), send(ada, where, 0, SOUND)
        assert [(each.status_code, each.json()["code"]) for each in (whole, part)] == [(503, "disk_full")] * 2
        assert (ada.get("/files").json(), [each.name for each in frail.spool.iterdir()]) == ([], ["ballast"])
    freed_at = time.monotonic()

    make.until(lambda: make.upload(ada, SOUND, "a.wav").status_code, lambda status: status == 201, seconds=FREED_SECONDS)
    assert send(ada, where, 0, SOUND).status_code == 204
    make.until(
        lambda: [each["status"] for each in ada.get("/files").json()],
        lambda found: found == ["ready"] * 2,
        seconds=FREED_SECONDS,
    )

    figures(f"P31: uploads go {time.monotonic() - freed_at:.1f} s after a full spool has room again, and were 503 until then")
    assert frail.wrong() == []


def test_a_store_that_is_full_refuses_uploads_and_plays_on(frail: Frail, ada: Person, figures: Callable[[str], None]) -> None:
    cold = make.uploaded(ada, COLD, "cold.wav")
    with weather.filled(frail.disk, but_bytes=LEFT_BYTES):
        refused = [make.upload(ada, SOUND, "a.wav") for _ in range(FEW)]
        assert {(each.status_code, each.json()["code"]) for each in refused} == {(503, "store_unavailable")}
        assert ada.get(f"/files/{cold['id']}/stream").content == COLD
        assert [each["id"] for each in ada.get("/files").json()] == [cold["id"]]
    freed_at = time.monotonic()

    make.until(lambda: make.upload(ada, SOUND, "a.wav").status_code, lambda status: status == 201, seconds=FREED_SECONDS)

    figures(f"P31: uploads go {time.monotonic() - freed_at:.1f} s after a full store has room again; plays went on meanwhile")
    make.until(frail.wrong, lambda found: not found, seconds=FREED_SECONDS)


def test_a_cache_without_room_keeps_nothing_and_plays(frail: Frail, ada: Person) -> None:
    file = make.uploaded(ada, COLD, "cold.wav")

    for _ in range(3):
        assert ada.get(f"/files/{file['id']}/stream").content == COLD

    assert list(frail.cache.iterdir()) == []
