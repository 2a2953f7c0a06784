"""A large library: its first page, search and statistics should cost no more than a small one's."""

import itertools
from collections.abc import Callable, Iterator

from tests.load.client import Client
from tests.load.ground import Ground
from tests.load.rows import Row, in_turns

ROUNDS = 60
BAR = 2.0


WORK = {
    "first page": "/files?limit=50",
    "search of a letter": "/search/tracks?q=t&limit=50",
    "search of two common words": "/search/tracks?q=artist+album&limit=50",
    "statistics": "/statistics/overview",
    "statistics that are not kept": "/statistics/top-tracks?limit={number}",
}


def measure(ground: Ground) -> Iterator[Row]:
    """100,000 tracks against 1,000, through the gateway."""
    small, large = (ground.client(person) for person in ground.libraries)
    for work, path in WORK.items():
        ours, other = in_turns(ROUNDS, asking(large, path), asking(small, path))
        yield Row(
            f"{work} of 100,000 tracks, p50, against 1,000", f"{ours:.1f} ms", f"{other:.1f} ms", ours / other, BAR, "at most"
        )


def asking(client: Client, path: str) -> Callable[[], float]:
    """A call that asks once, and tells how many milliseconds that took; `{number}` in the path is another one each time."""
    numbers = itertools.cycle(range(1, 101))
    return lambda: client.get(path.format(number=next(numbers))).seconds * 1000
