"""Seeking: 64 KiB somewhere in 100 MB, as a player asks for it."""

import random
from collections.abc import Iterator
from typing import Any

from tests.load.client import Client
from tests.load.ground import Ground
from tests.load.rows import Row, in_turns

RANGE_BYTES = 64 * 1024
SEEKS = 200
BAR = 2.0


def measure(ground: Ground) -> Iterator[Row]:
    """With a cache that does not hold the file, then with one that does."""
    yield _row(ground, "cold cache", ground.unkept)
    ground.warm()
    yield _row(ground, "warm cache", ground.kept)


def _row(ground: Ground, which: str, file: dict[str, Any]) -> Row:
    mine, theirs, path = ground.client(ground.alice), ground.client(), ground.presigned(file)
    last = file["file_size"] - RANGE_BYTES

    def milliseconds(client: Client, path: str) -> float:
        start = random.randrange(last)
        answer = client.get(path, expect=(200, 206), Range=f"bytes={start}-{start + RANGE_BYTES - 1}")
        assert answer.size_bytes == RANGE_BYTES
        return answer.seconds * 1000

    ours, other = in_turns(SEEKS, lambda: milliseconds(mine, f"/files/{file['id']}/stream"), lambda: milliseconds(theirs, path))
    work = f"seek, 64 KiB, p50, {which}, against its presigned range"
    return Row(work, f"{ours:.1f} ms", f"{other:.1f} ms", ours / other, BAR, "at most")
