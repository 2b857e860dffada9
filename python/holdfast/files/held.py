"""What programs keep of weights, so that the next version needs only what training changed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

from ..core.errors import Json
from .weights import Listed, Reads, Stored, ahead

MOST_COPIES = 8
"""Files whose tensors are known to be in memory."""


class Known(NamedTuple):
    """A file whose tensors were written into memory."""

    facts: Json
    reads: Reads
    head: bytes
    """Its bytes before the tensors."""


class Held:
    """Files in the memory of a program, and what was read of the store to make them."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Known] = {}
        self._stored: dict[str, bytes] = {}

    def __reduce__(self) -> Any:
        return Held, ()

    def note(self, key: Hashable, facts: Json, reads: Reads, head: bytes) -> None:
        """Notes the file that is in a memory now."""
        self._known.pop(key, None)
        self._known[key] = Known(facts, reads, head)
        while len(self._known) > MOST_COPIES:
            del self._known[next(iter(self._known))]

    def find(self, key: Hashable) -> Known | None:
        return self._known.get(key)

    def keeping(self, stored: Stored, size: int) -> Stored:
        """Keeps the stored bytes of small changes: later versions are made from the same."""
        in_windows = ahead(stored)

        def read(file: Json, start: int, end: int) -> Iterator[bytes]:
            key = file.get("of", "")
            total = sum(int(part["size"]) for part in file["parts"])
            if not key or total > size // 8:
                yield from in_windows(file, start, end)
                return
            if key not in self._stored:
                self._stored[key] = b"".join(stored(file, 0, total))
            data = self._stored[key] = self._stored.pop(key)
            while sum(map(len, self._stored.values())) > size // 2:
                del self._stored[next(iter(self._stored))]
            yield data[start:end]

        return read


class Source(NamedTuple):
    """How the stored bytes of the files of a version are read."""

    held: Held
    stored: Stored
    listed: Listed
