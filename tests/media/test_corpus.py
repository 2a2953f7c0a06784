"""The malformed corpus (SECURITY.md P21, 3.3): each file is ready, rejected or refused within 30 s, and no more happens."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.media import corpus, make
from tests.media.corpus import Bad
from tests.people import Person
from tests.stack import Stack

MIB = 1024 * 1024
SECONDS = 30
MEASURED_SECONDS = 200  # the longest that the loudness of one file may take
TYPES = {f"audio/{each}" for each in ("mpeg", "wav", "flac", "aiff", "mp4", "aac", "ogg", "webm")}
REFUSED = {400, 413, 415, 422}


class Watch:
    """The most that the worker, its nursery or any child of it held at one moment, and that of all of them together."""

    def __init__(self, pid: int) -> None:
        self.worker = psutil.Process(pid)
        self.largest_mib = self.together_mib = 0.0

    @contextmanager
    def watching(self) -> Iterator["Watch"]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,))
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(0.02):
            held = []
            for each in (self.worker, *self.worker.children(recursive=True)):
                try:
                    held.append(each.memory_info().rss / MIB)
                except psutil.Error:
                    continue
            self.largest_mib = max(self.largest_mib, *held)
            self.together_mib = max(self.together_mib, sum(held))


def judged(alice: Person, bob: Person, bad: Bad) -> tuple[str, float]:
    """What became of it, in how many seconds. Meanwhile it is nobody's to read."""
    data, started = bad.data(), time.monotonic()
    name = bad.name.replace("\x00", "%00").replace('"', "%22")
    answer = make.upload(alice, data, name)
    if answer.status_code != 201:
        assert answer.status_code in REFUSED, (bad.name, answer.text)
        assert answer.json()["detail"], bad.name
        return "refused", time.monotonic() - started
    path = f"/files/{answer.json()[0]['id']}"
    while (file := alice.get(path).json())["status"] == "processing":
        assert time.monotonic() - started < SECONDS, bad.name
        assert bob.get(f"{path}/stream").status_code == 404, bad.name
        played = alice.get(f"{path}/stream")
        if played.status_code != 409:  # it has become ready in between
            assert alice.get(path).json()["status"] != "processing", bad.name
        time.sleep(0.02)
    seconds = time.monotonic() - started
    check(alice, bob, path, file["status"], bad)
    assert alice.delete(path).status_code == 204
    return file["status"], seconds


def check(alice: Person, bob: Person, path: str, status: str, bad: Bad) -> None:
    """What is served of it is harmless, and its owner's alone."""
    for part in ("/stream", "/download", "/cover", "/waveform"):
        assert bob.get(path + part).status_code == 404, (bad.name, part)
    played = alice.get(f"{path}/stream")
    assert played.status_code == 200 if status == "ready" else played.status_code in (404, 409), bad.name
    cover = alice.get(f"{path}/cover")
    for answer, types in ((played, TYPES), (cover, {"image/jpeg"})):
        if answer.status_code == 200:
            assert answer.headers["content-type"] in types, bad.name
            assert answer.headers["x-content-type-options"] == "nosniff", bad.name
            assert "sandbox" in answer.headers["content-security-policy"], bad.name


def all_judged(stack: Stack, alice: Person, bob: Person, files: Iterable[Bad], figures: Callable[[str], None]) -> None:
    """Every one of them, with the same worker at the end as at the beginning, and nothing left."""
    became: Counter[str] = Counter()
    slowest, wrong = (0.0, ""), []
    worker = stack.processes()["media-worker"]["pid"]
    with Watch(worker).watching() as watch:
        for bad in files:
            status, seconds = judged(alice, bob, bad)
            became[status] += 1
            slowest = max(slowest, (seconds, bad.name))
            if seconds >= SECONDS or (bad.must_play and status != "ready"):
                wrong.append((bad.name, status, seconds))

    told = ", ".join(f"{count} {status}" for status, count in sorted(became.items()))
    figures(f"P21: {became.total()} malformed files: {told}; the slowest {slowest[0]:.1f} s ({slowest[1]})")
    figures(f"P21: the largest process of the worker {watch.largest_mib:.0f} MiB, all together {watch.together_mib:.0f} MiB")
    assert stack.processes()["media-worker"]["pid"] == worker
    assert wrong == []
    assert watch.largest_mib < 512
    make.until(lambda: make.objects(stack, alice), lambda left: not left)
    make.until(lambda: make.spool(stack), lambda left: not left, seconds=MEASURED_SECONDS)  # some are still measured


def test_a_dozen_of_them(stack: Stack, alice: Person, bob: Person, figures: Callable[[str], None]) -> None:
    all_judged(stack, alice, bob, corpus.some(), figures)


@pytest.mark.nightly
def test_all_of_them(stack: Stack, alice: Person, bob: Person, figures: Callable[[str], None]) -> None:
    all_judged(stack, alice, bob, corpus.files(), figures)
