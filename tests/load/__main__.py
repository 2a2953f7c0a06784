"""Measure, and print the table: `python -m tests.load`, or with the names of some rows."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from types import ModuleType

from tests.load import ingests, jobs, libraries, lists, plays, practices, seeks, sign_ins, starts, uploads
from tests.load.ground import Ground
from tests.load.rows import Row, table

# `start` is first: it stops the stack, and what others have been made with would be lost with it.
MEASURED: dict[str, ModuleType] = {
    "start": starts,
    "play": plays,
    "seek": seeks,
    "list": lists,
    "sign-in": sign_ins,
    "upload": uploads,
    "ingest": ingests,
    "library": libraries,
    "practice": practices,
    "job": jobs,
}


def main(names: Sequence[str]) -> int:
    """How many bars are missed, or names wrong."""
    unknown = [name for name in names if name not in MEASURED]
    if unknown:
        print(f"There is no {', '.join(unknown)}; there are {', '.join(MEASURED)}.", file=sys.stderr)
        return len(unknown)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    with Ground() as ground:
        rows = [row for name in MEASURED if name in (names or MEASURED) for row in _measured(name, ground)]
    print(f"\n{table(rows)}\n")
    print(f"{time.monotonic() - began:.0f} s in all; the list was asked for by {lists.client_name()}, all else by raw sockets")
    return sum(row.missed for row in rows)


def _measured(name: str, ground: Ground) -> Iterator[Row]:
    print(f"{name} ...", end="", flush=True)
    began = time.monotonic()
    rows = list(MEASURED[name].measure(ground))
    if any(row.missed for row in rows):
        print(" twice more ...", end="", flush=True)
        again = [list(MEASURED[name].measure(ground)) for _ in range(2)]
        rows = [_middle(three) if three[0].missed else three[0] for three in zip(rows, *again, strict=True)]
    print(f" {time.monotonic() - began:.0f} s", flush=True)
    yield from rows


def _middle(rows: Sequence[Row]) -> Row:
    return sorted(rows, key=lambda row: row.ratio or 0)[len(rows) // 2]


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
