"""Temporary folders, which the next one removes if their program was killed."""

from __future__ import annotations

import atexit
import os
import platform
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from ..core.errors import HoldfastError, disk_error

PREFIX = f".holdfast-{platform.node()}-"
"""Other machines may see the folders, and not their locks."""
OF_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def temporary_error(action: str, error: OSError) -> HoldfastError:
    """Returns the error for a disk that cannot take temporary files."""
    where = ""
    with suppress(OSError):  # no folder for them can be written
        where = tempfile.gettempdir()
    return disk_error(action, error, where, "TMPDIR")


@contextmanager
def temporary_folder(parent: Path | None = None) -> Generator[Path, None, None]:
    """Creates a private folder for a block, and removes those of programs that have ended.

    At the end of the program, it is also removed if a daemon thread is still in the block.
    """
    where, lock = str(parent or tempfile.gettempdir()), None
    with suppress(OSError):  # it cannot be listed
        for each in os.listdir(where):
            if each.startswith(PREFIX):
                remove_unlocked(os.path.join(where, each))
    folder = tempfile.mkdtemp(prefix=PREFIX, dir=where)
    remove = partial(remove_own, folder, os.getpid())
    atexit.register(remove)
    try:
        with suppress(OSError):  # its disk has no locks
            lock = locked(folder, wait=True)
        yield Path(folder)
    finally:
        atexit.unregister(remove)
        remove()
        if lock is not None:
            os.close(lock)


def remove_own(folder: str, process: int) -> None:
    if os.getpid() == process:  # and not in a child that has copied this program
        with suppress(OSError):  # a thread that still uses it finds no file rather than some
            os.rename(folder, f"{folder}-")
        for each in (f"{folder}-", folder):
            shutil.rmtree(each, ignore_errors=True)


def remove_unlocked(folder: str) -> None:
    with suppress(OSError):  # another program has the lock
        lock = locked(folder, wait=False)
        if os.listdir(folder):  # an empty one may not be locked yet
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def locked(path: str, wait: bool, flags: int = OF_FOLDER) -> int:
    """Locks a folder until the result is closed, or this program ends in any way.

    Locks a file with `flags` to open it; on Windows it is opened without a lock. An `OSError` says
    that another has the lock, or why there is none.
    """
    lock = os.open(path, flags)  # which raises an OSError for folders on Windows
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return lock
    try:
        flock(lock, LOCK_EX if wait else LOCK_EX | LOCK_NB)
    except BaseException:
        os.close(lock)
        raise
    return lock
