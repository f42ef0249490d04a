"""One heap for all threads: what one thread reads, another frees."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

M_ARENA_MAX = -8  # malloc.h of glibc


def share_heap() -> None:
    """Have glibc give new threads no heap of their own; call it before they start.

    With a heap each, pages that one thread read and another gave back leave holes in all of them: with two clients 229 MB of resident memory instead
    of 182, at the same speed (threads wait for the interpreter, not for the heap). Does nothing where the C library is another.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
