"""Playing 100 MB whole: first, out of the object store, and again, out of media's cache."""

from collections.abc import Iterator
from typing import Any

from tests.load.client import Client
from tests.load.ground import Ground
from tests.load.rows import Row, in_turns

ROUNDS = 7
MB = 1_000_000
FIRST = "first play of 100 MB, against its presigned URL"
SECOND = "second play of 100 MB, against nginx with sendfile"


def measure(ground: Ground) -> Iterator[Row]:
    """Both through the same gateway as their references."""
    unkept = ground.unkept
    yield _row(ground, FIRST, unkept, ground.presigned(unkept))
    ground.warm()
    path = ground.by_nginx(ground.kept)
    if path is None:
        yield Row(SECOND, "-", "no nginx here", None, 0.9, "at least")
    else:
        yield _row(ground, SECOND, ground.kept, path)


def _row(ground: Ground, work: str, file: dict[str, Any], reference: str) -> Row:
    mine, theirs = ground.client(ground.alice), ground.client()
    size = file["file_size"]

    def speed(client: Client, path: str) -> float:
        answer = client.get(path)
        assert answer.size_bytes == size
        return answer.size_bytes / MB / answer.seconds

    ours, other = in_turns(ROUNDS, lambda: speed(mine, f"/files/{file['id']}/stream"), lambda: speed(theirs, reference))
    return Row(work, f"{ours:.0f} MB/s", f"{other:.0f} MB/s", ours / other, 0.9, "at least")
