"""What a process owes the machine it runs on: to die with its parent, and to leave a busy port alone."""

import ctypes
import os
import signal
import socket
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound
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


def answers(host: str, port: int) -> bool:
    """Whether anything listens there. granian would share such a port in silence (SO_REUSEPORT), half old code, half new."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(CONNECT_SECONDS)
        return probe.connect_ex(("127.0.0.1" if host in EVERY_ADDRESS else host, port)) == 0
