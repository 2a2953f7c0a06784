"""A large library: its first page should cost no more than a small one's."""

from collections.abc import Iterator

from tests.load.ground import Ground
from tests.load.rows import Row, in_turns

ROUNDS = 60
BAR = 2.0


def measure(ground: Ground) -> Iterator[Row]:
    """100,000 tracks against 1,000, through the gateway."""
    small, large = (ground.client(person) for person in ground.libraries)
    ours, other = in_turns(ROUNDS, *(lambda who=who: who.get("/files?limit=50").seconds * 1000 for who in (large, small)))
    work = "first page of 100,000 tracks, p50, against 1,000"
    yield Row(work, f"{ours:.1f} ms", f"{other:.1f} ms", ours / other, BAR, "at most")
