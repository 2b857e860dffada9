"""The memory that this process can still take."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.stat", "anon"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.stat", "rss"),
)
"""Limits of a container, with what it uses: of both versions."""


def free_memory() -> int:
    """Returns the bytes of memory that are free, or a large number if the system does not say."""
    free = sys.maxsize
    with suppress(OSError, TypeError):  # not Linux
        free = number_in("/proc/meminfo", "MemAvailable:") * 1024
    for most, used, member in CGROUPS:
        with suppress(OSError, TypeError):  # there is none
            free = min(free, number_in(most) - number_in(used, member))
    with suppress(ImportError, OSError, TypeError):  # Windows
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

        limit, _ = getrlimit(RLIMIT_AS)
        if limit != RLIM_INFINITY:
            free = min(free, limit - number_in("/proc/self/statm") * os.sysconf("SC_PAGE_SIZE"))
    return max(free, 0)


def number_in(path: str, member: str = "") -> int:
    """Returns the first number of a file, or that of a member."""
    with open(path, encoding="ascii") as file:
        found = re.search(rf"^{member}\s*(\d+)", file.read(), re.MULTILINE)
    return int(found[1])  # type: ignore[index] # `TypeError` if there is none
