"""How many passwords this machine verifies per second at auth's cost: `python -m tests.load.argon2_rate THREADS SECONDS`."""

import sys
import threading
import time
from contextlib import suppress

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from services.auth.passwords import NOBODYS_HASH


def rate(threads: int, seconds: float) -> float:
    """Verifications per second, all threads together; argon2 runs without the interpreter's lock."""
    hasher = PasswordHasher.from_parameters(extract_parameters(NOBODYS_HASH))
    counts = [0] * threads
    ends_at = time.monotonic() + seconds

    def verify(number: int) -> None:
        while time.monotonic() < ends_at:
            with suppress(VerifyMismatchError):
                hasher.verify(NOBODYS_HASH, "wrong")
            counts[number] += 1

    started = time.monotonic()
    running = [threading.Thread(target=verify, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.monotonic() - started)


if __name__ == "__main__":
    print(rate(int(sys.argv[1]), float(sys.argv[2])))
