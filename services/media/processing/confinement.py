"""What the process that parses users' files is denied beforehand: memory, time, writing, children, the network."""

import ctypes
import resource

MIB = 1024 * 1024
MEMORY_BYTES = 512 * MIB  # address space: libraries map 130, the largest cover that is taken, 25 megapixels of PNG, 425 in all
CPU_SECONDS = 30
WRITE_BYTES = 16 * MIB  # the cover is the only thing it writes
OPEN_FILES = 64

CLONE_NEWUSER = 0x10000000  # of <linux/sched.h>
CLONE_NEWNET = 0x40000000


def confine() -> None:
    """Deny all of it to this process, for good. Call it before anything else is imported: it needs the only thread."""
    _leave_the_network()
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, WRITE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),  # no new process and no new thread; root is exempt
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _leave_the_network() -> bool:
    """Into a network of its own, without even a loopback: as root, or as anybody where the kernel lets users have namespaces.

    Where neither is allowed, as under the seccomp profile that containers have by default, it stays; whether it left.
    """
    # As root a namespace of users is not asked for: it would take root's right to enter the folders of others on the way.
    libc = ctypes.CDLL(None)
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))
