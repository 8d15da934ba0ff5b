"""How the C library keeps memory that was freed."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Names of glibc's settings, see mallopt(3)."""
LEAST = 64 * 1024


def return_at_once() -> bool:
    """Have this process give memory back as soon as it is freed, which takes some time; whether that could be set.

    Else glibc keeps much of it for later: a clip was seen to hold 1.6 to 2.0 times what it had in use
    (`scripts/measure_estimates.py svd --held`). Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # TypeError: Windows has no such library
        return False
    return bool(mallopt(MMAP_THRESHOLD, LEAST)) and bool(mallopt(TRIM_THRESHOLD, LEAST))
