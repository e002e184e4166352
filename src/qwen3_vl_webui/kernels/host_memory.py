"""Keep freed memory in the process, so that a CPU does not fault in fresh pages for every large intermediate.

glibc hands blocks of some MiB back to the kernel as soon as they are freed. A prompt's intermediates have just that
size, come and go in every layer, and each time the kernel clears new pages for them: elementwise operations then take
three times as long. Raising two thresholds keeps up to a bounded amount for reuse.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # <malloc.h>
_LARGEST_REUSED = 32 << 20  # bytes of one block; the most that glibc accepts
_KEPT = 1 << 30  # bytes free at the top of the heap before any goes back


def keep_freed_memory() -> bool:
    """Ask the C library of this process to reuse large blocks. False where it cannot be asked (not glibc)."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    thresholds = {_M_MMAP_THRESHOLD: _LARGEST_REUSED, _M_TRIM_THRESHOLD: _KEPT}
    return all(library.mallopt(name, value) == 1 for name, value in thresholds.items())
