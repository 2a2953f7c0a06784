"""The one place ids come from: UUIDv7 (RFC 9562), so that rows of one table sort by the time they were made.

What is nothing but its name, such as an album of a library, has an id made of the name instead: the same one for ever.
"""

import os
import threading
import time
from uuid import UUID, uuid5

_lock = threading.Lock()
_last_ms = 0
_counter = 0

COUNTER_BITS = 12  # the rand_a field: 4,096 ids a millisecond before the clock is pushed forward by one


def new() -> UUID:
    """A fresh id, greater than every id made before it in this process."""
    global _last_ms, _counter
    with _lock:
        ms = time.time_ns() // 1_000_000
        if ms > _last_ms:
            _last_ms, _counter = ms, int.from_bytes(os.urandom(1))
        else:
            _counter += 1
            if _counter >> COUNTER_BITS:
                _last_ms, _counter = _last_ms + 1, 0
        ms, counter = _last_ms, _counter
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(ms << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | random)


def named(owner: UUID, *names: str) -> UUID:
    """The id of what an owner calls so (UUIDv5): the same whenever it is asked for, and another for another owner.

    >>> named(UUID(int=1), "album", "abbey road") == named(UUID(int=1), "album", "abbey road")
    True
    """
    return uuid5(owner, "\x1f".join(names))
