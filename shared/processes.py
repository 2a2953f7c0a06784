"""What a process owes the machine it runs on: to die with its parent, and to leave a busy port alone."""

import ctypes
import os
import signal
import socket
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1  # linux/prctl.h
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound
M_MMAP_THRESHOLD, MMAP_BYTES = -3, 1024 * 1024  # malloc.h; a piece of 1 MiB or more
CONNECT_SECONDS = 0.2  # a local listener answers in far less


def die_with_parent(sign: signal.Signals = signal.SIGKILL) -> None:
    """Ask Linux to send `sign` to this process once its parent has died. Does nothing elsewhere.

    The kernel means the parent's thread: fork only from a thread that lives as long as its process.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, sign)
    if os.getppid() != parent:  # it died before the kernel was asked
        os.kill(os.getpid(), sign)


def give_memory_back() -> None:
    """Have glibc map what is large by itself, so that it is returned when freed.

    Otherwise each thread keeps an arena of what argon2 or a body once took (measured: 16 threads, 317 MB; so 13 MB).
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl has no mallopt, and no arenas
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)


def answers(host: str, port: int) -> bool:
    """Whether anything listens there. granian would share such a port in silence (SO_REUSEPORT), half old code, half new."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(CONNECT_SECONDS)
        return probe.connect_ex(("127.0.0.1" if host in EVERY_ADDRESS else host, port)) == 0
