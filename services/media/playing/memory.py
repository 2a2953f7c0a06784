"""What was read ahead for a player goes back to the system when it is let go."""

import ctypes

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of <malloc.h>
LARGE_BYTES = 64 * 1024
ARENAS = 2  # threads share heaps: what one let go the next takes


def give_back_large_pieces() -> None:
    """Have the C library map each large piece by itself, for good, and keep few heaps.

    It raises that threshold by itself whenever such a piece is freed, to 32 MiB at most, and then takes reads of megabytes from
    heaps, one a thread, that small pieces pin (100 paused players kept up to 380 MB). Nothing where the library is another.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, LARGE_BYTES)
        set_option(M_ARENA_MAX, ARENAS)
