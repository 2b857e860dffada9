"""Reads many small files of a version in one request.

A load of thousands of arrays would else send a request for each.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, cast

from ..core.errors import HoldfastError, Json
from ..files.compression import ChunkReader
from ..files.file import Stored

LEAST_FILES = 64
MOST_BYTES = 64 * 2**20
"""The largest version that is read as an archive, which is kept in memory."""
ALONE = 16
"""At this read, the archive follows: a program that reads a few files needs no others."""


def together(facts: Json, one: Stored, archive: Callable[[], Iterator[bytes]]) -> Stored:
    """Returns `one`, which reads one file, or for many small files what reads them together."""
    is_small = facts["size"] <= MOST_BYTES and len(facts["files"]) >= LEAST_FILES
    return Together(one, archive) if is_small else one


class Together:
    """Yields the bytes of files. Those of the archive wait in memory, each for one read."""

    def __init__(self, one: Stored, archive: Callable[[], Iterator[bytes]]) -> None:
        self._one, self._archive, self._reads = one, archive, 0
        self._waiting: dict[str, bytes] = {}

    def __call__(self, file: Json, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        if size is not None:
            return self._one(file, offset, size)
        self._reads += 1
        if self._reads == ALONE:
            with suppress(HoldfastError, OSError, tarfile.TarError):  # a file alone shows more
                self._read_all()
        data = self._waiting.pop(file["path"], None)
        return self._one(file) if data is None else iter([data])

    def _read_all(self) -> None:
        stream, left = io.BufferedReader(ChunkReader(self._archive())), MOST_BYTES
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for each in archive:
                left -= each.size
                if left < 0:  # it is not what the facts say
                    return
                if each.isfile():
                    self._waiting[each.name] = cast(IO[bytes], archive.extractfile(each)).read()
