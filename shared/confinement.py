"""What the process that parses users' files is denied beforehand: memory, time, writing, children, the network."""

import ctypes
import resource

MIB = 1024 * 1024
MEMORY_BYTES = 512 * MIB  # address space: libraries map 130, the largest cover that is taken, 25 megapixels of PNG, 425 in all
OPEN_FILES = 64

CLONE_NEWUSER = 0x10000000  # of <linux/sched.h>
CLONE_NEWNET = 0x40000000


def limit(*, cpu_seconds: int, write_bytes: int, memory_bytes: int) -> None:
    """Deny everything but the network, for good."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, write_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),  # no new process and no new thread; root is exempt
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def leave_the_network() -> bool:
    """Into a network of its own, without even a loopback: as root, or as anybody where the kernel lets users have namespaces.

    Where neither is allowed, as under the seccomp profile that containers have by default, it stays; whether it left. A process
    with a second thread cannot leave as anybody but root.
    """
    # As root a namespace of users is not asked for: it would take root's right to enter the folders of others on the way.
    libc = ctypes.CDLL(None)
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))
