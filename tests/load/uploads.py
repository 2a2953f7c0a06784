"""Uploading 100 MB as a form: how fast, and what of it media holds in memory."""

import threading
import time
from collections.abc import Iterator
from io import BytesIO
from types import TracebackType
from typing import Self

import psutil

from services.media.store import PART_BYTES
from shared import json
from tests.load.ground import BUCKET, Ground
from tests.load.rows import Row, in_turns
from tests.media import make

UPLOAD_BYTES = 100_000_000
ROUNDS = 5
MB, MIB = 1_000_000, 1024 * 1024
BAR, MEMORY_BAR_MIB = 0.6, 64
SAMPLE_SECONDS = 0.05
BOUNDARY = "a-line-that-no-file-holds"


def measure(ground: Ground) -> Iterator[Row]:
    """Against `put_object` of the same bytes straight to the store, in parts of the size that media sends."""
    sound = make.big_wav(UPLOAD_BYTES)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'.encode()
    body = head + sound + f"\r\n--{BOUNDARY}--\r\n".encode()
    mine, store = ground.client(ground.alice), ground.store_client()
    _start_media_afresh(ground)
    growth: list[float] = []

    def upload() -> float:
        with Memory(ground.stack.processes()["media"]["pid"]) as memory:
            answer = mine.post("/files/upload", body, kind=f"multipart/form-data; boundary={BOUNDARY}", expect=(201,))
        growth.append(memory.grown_bytes / MIB)
        file_id = json.loads(answer.body)[0]["id"]
        make.ready(ground.alice, file_id)
        assert ground.alice.delete(f"/files/{file_id}").status_code == 204
        return UPLOAD_BYTES / MB / answer.seconds

    def put() -> float:
        started = time.perf_counter()
        store.put_object(BUCKET, "load/put", BytesIO(sound), len(sound), part_size=PART_BYTES, num_parallel_uploads=1)
        seconds = time.perf_counter() - started
        store.remove_object(BUCKET, "load/put")
        return UPLOAD_BYTES / MB / seconds

    ours, other = in_turns(ROUNDS, upload, put)
    work = "upload of 100 MB, against put_object to the store"
    yield Row(work, f"{ours:.0f} MB/s", f"{other:.0f} MB/s", ours / other, BAR, "at least")
    yield Row("memory that media takes for it", f"{max(growth):.0f} MiB", "-", max(growth), MEMORY_BAR_MIB, "at most", " MiB")


def _start_media_afresh(ground: Ground) -> None:
    """What an earlier upload or play made it take, it may never have given back: growth would be told too small."""
    before = ground.stack.processes()["media"]["pid"]
    psutil.Process(before).terminate()
    make.until(lambda: ground.stack.processes()["media"]["pid"], lambda pid: pid != before)
    ground.stack.wait_until_healthy()


class Memory:
    """Watches the proportional set size of a server: the process and granian's worker below it, not the child that inspects."""

    def __init__(self, pid: int) -> None:
        first = psutil.Process(pid)
        self._watched = [first, *first.children()]
        self._over = threading.Event()
        self._before = self._most = self._now()
        self._thread = threading.Thread(target=self._watch)

    @property
    def grown_bytes(self) -> int:
        """How much more than at the start it held at the worst moment."""
        return self._most - self._before

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _reason: BaseException | None, _at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._most = max(self._most, self._now())

    def _now(self) -> int:
        return sum(each.memory_full_info().pss for each in self._watched)
