"""One Tutti at a time in a home folder: a lock that the kernel lets go of, however its holder ends."""

import fcntl
import os
import time
from pathlib import Path
from typing import TextIO

from deploy.settings import Unusable

STOPPING = "stopping"
PATIENCE_SECONDS = 40  # a stop drains the gateway (10 s) and then the services (at most 25 s)
POLL_SECONDS = 0.1


def hold(file: Path) -> TextIO:
    """The lock, taken and open: keep it. A holder that is stopping is waited for. Raises Unusable where it works on."""
    lock = file.open("a+")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _taken(lock):
        lock.seek(0)
        holder, _, doing = lock.read().partition(" ")
        if doing != STOPPING or time.monotonic() > deadline:
            raise Unusable(
                f"{file.parent.parent} is in use by the Tutti of process {holder}. "
                "Another copy needs its own TUTTI_HOME, TUTTI_PORT and TUTTI_ALT_PORT."
            )
        time.sleep(POLL_SECONDS)
    tell(lock, "running")
    return lock


def tell(lock: TextIO, doing: str) -> None:
    """Write into the lock who holds it and what that process is doing: `running` or STOPPING."""
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.getpid()} {doing}")
    lock.flush()


def is_held(file: Path) -> bool:
    """Whether a Tutti runs there."""
    if not file.exists():
        return False
    with file.open("a+") as lock:
        return not _taken(lock)


def _taken(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
