"""argon2id in memory that is kept: the 19 MiB of each hash are mapped once and used again.

A process of ours gives large memory back as soon as it is freed (`shared.processes.give_memory_back`), so each hash would have
4,865 pages mapped anew: measured 10 ms of the kernel's time beside 21 ms of argon2's. So the buffers are our own, handed to
argon2 by the callbacks it has for that. It wipes them itself.
"""

import base64
import hmac
import mmap
import queue
import threading
from typing import Any, Final

from argon2 import extract_parameters
from argon2.exceptions import HashingError
from argon2.low_level import ARGON2_VERSION, Type, core, error_to_str, ffi

KIB = 1024
OK, MEMORY_ALLOCATION_ERROR = 0, -22  # argon2.h

_mine = threading.local()  # argon2 asks for memory in the thread that called it, since it is told to use one lane


class Buffers:
    """So many buffers of so many KiB, for as many hashes at once; one more waits."""

    def __init__(self, count: int, kib: int) -> None:
        self.kib: Final = kib
        self._free: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(ffi.from_buffer("uint8_t[]", mmap.mmap(-1, kib * KIB)))

    def matches(self, password: str, kept: str) -> bool:
        """Whether `kept`, an encoded hash that `fits`, is of this password."""
        salt, digest = (base64.b64decode(part + "=" * (-len(part) % 4)) for part in kept.split("$")[-2:])
        cost = extract_parameters(kept).time_cost
        _mine.buffer = self._free.get()
        try:
            return hmac.compare_digest(_hash(password.encode(), salt, len(digest), cost, self.kib), digest)
        finally:
            self._free.put(_mine.buffer)

    def fits(self, kept: str) -> bool:
        """Whether a hash was made as these buffers can make it. Raises InvalidHashError."""
        made = extract_parameters(kept)
        ours = (Type.ID, ARGON2_VERSION, self.kib, 1)
        return (made.type, made.version, made.memory_cost, made.parallelism) == ours


def _hash(password: bytes, salt: bytes, length: int, cost: int, kib: int) -> bytes:
    made, typed, salted = (ffi.new("uint8_t[]", each) for each in (length, password, salt))
    facts = {"out": made, "outlen": length, "pwd": typed, "pwdlen": len(password), "salt": salted, "saltlen": len(salt)}
    facts |= {"t_cost": cost, "m_cost": kib, "lanes": 1, "threads": 1, "version": ARGON2_VERSION}
    nothing = {"secret": ffi.NULL, "secretlen": 0, "ad": ffi.NULL, "adlen": 0, "flags": 0}
    context = ffi.new("argon2_context *", {**facts, **nothing, "allocate_cbk": _lend, "free_cbk": _take_back})
    if (failure := core(context, Type.ID.value)) != OK:
        raise HashingError(error_to_str(failure))
    return bytes(ffi.buffer(made, length))


@ffi.callback("int(uint8_t **, size_t)", error=MEMORY_ALLOCATION_ERROR)  # type: ignore[untyped-decorator, unused-ignore]
def _lend(memory: Any, size_bytes: int) -> int:
    if size_bytes > len(_mine.buffer):
        return MEMORY_ALLOCATION_ERROR
    memory[0] = _mine.buffer
    return OK


@ffi.callback("void(uint8_t *, size_t)")  # type: ignore[untyped-decorator, unused-ignore]
def _take_back(memory: Any, size_bytes: int) -> None:
    """It stays ours."""
