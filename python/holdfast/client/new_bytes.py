"""The bytes of a file that an earlier version of it lacks."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from ..files.chunks import Chunks

LEAST_SIZE = 2**20
"""Smaller files are sent whole."""
MOST_NEW = 0.9
"""A file of which more is new is sent whole."""
MOST_AVERAGE = 2**22
MOST_RUNS = 100_000

Runs = list[tuple[int, int | None]]
"""The ranges of a file in order: the size, and the offset in the other version if it has them."""


def compared(source: BinaryIO, size: int, chunks: Chunks) -> tuple[Runs, str] | None:
    """Returns the runs of a file and its SHA-256; None if another version has little of it.

    Hashing alone finds the chunks that follow an equal one. After a difference, the file is cut
    at boundaries that depend on its bytes, to find bytes that moved. This takes a hundred times as
    long, so at most a 32nd of a large file is cut without a result.
    """
    if chunks.average > MOST_AVERAGE:
        return None
    runs, whole = Runs(), hashlib.sha256()
    at = moved = new = 0
    left = 0 if chunks.is_fixed else max(size // 32, 2**20)
    while at < size:
        source.seek(at)
        length, digest = chunks.following(at + moved)
        data = source.read(min(length, size - at))
        found = at + moved if hashlib.sha256(data).digest() == digest else None
        if found is None and left > 0:
            data += source.read(min(4 * chunks.average, size - at) - len(data))
            data = data[: cut(data, chunks.average)]
            found = chunks.find(hashlib.sha256(data).digest())
            left -= len(data) if found is None else 0
        if not data:
            return None  # the file has become shorter
        whole.update(data)
        before, offset = runs[-1] if runs else (0, -1)
        if found is None:
            new += len(data)
            follows = offset is None
        else:
            moved = found - at
            follows = offset is not None and offset + before == found
        if follows:
            runs[-1] = (before + len(data), offset)
        else:
            runs.append((len(data), found))
        at += len(data)
    return None if new > size * MOST_NEW or len(runs) > MOST_RUNS else (runs, whole.hexdigest())


class Comparison:
    """Compares a file with an earlier one while its bytes come, chunk by chunk at equal offsets.

    A file whose chunks all differ is hashed once more in part only: of many changed chunks in a
    row, one of eight is compared.
    """

    MOST_SKIPPED = 7

    def __init__(self, chunks: Chunks) -> None:
        self.runs = Runs()
        self.has_equal = False
        self._chunks = chunks
        self._held = bytearray()
        """The start of a chunk that is not complete yet."""
        self._at = 0
        self._differ = self._skip = 0
        """How many chunks in a row differ, and how many of the next ones are not compared."""

    def take(self, data: bytes) -> bytes:
        """Returns the bytes that the earlier file lacks, of those that have come."""
        self._held += data
        return self._compared(is_last=False)

    def end(self) -> bytes:
        """Returns the rest of these bytes."""
        return self._compared(is_last=True)

    def _compared(self, is_last: bool) -> bytes:
        missing, begin = bytearray(), 0
        while begin < len(self._held):
            length, digest = self._chunks.following(self._at)
            chunk = bytes(self._held[begin : begin + length])
            if len(chunk) < length and not is_last:
                break
            begin += len(chunk)
            if not self._is_equal(chunk, digest):
                missing += chunk
        del self._held[:begin]
        return bytes(missing)

    def _is_equal(self, chunk: bytes, digest: bytes) -> bool:
        is_compared = self._skip == 0 and len(self.runs) < MOST_RUNS - 1
        is_equal = is_compared and hashlib.sha256(chunk).digest() == digest
        if is_equal:
            self.has_equal, self._differ = True, 0
        elif is_compared:
            self._skip = min(self._differ, self.MOST_SKIPPED)
            self._differ += 1
        else:
            self._skip = max(self._skip - 1, 0)
        before, offset = self.runs[-1] if self.runs else (0, -1)
        if offset == -1 or (offset is not None) != is_equal:
            self.runs.append((len(chunk), self._at if is_equal else None))
        else:
            self.runs[-1] = (before + len(chunk), offset)
        self._at += len(chunk)
        return is_equal


GEAR = [
    int.from_bytes(hashlib.sha256(b"holdfast gear %d" % byte).digest()[:4], "little")
    for byte in range(256)
]


def cut(data: bytes, average: int) -> int:
    """Returns the length of the chunk at the beginning of `data` (FORMAT.md, section 3.4)."""
    number, bits = 0, average.bit_length() - 1
    for begin, end, zeros in ((average // 4, average, bits + 1), (average, 4 * average, bits - 1)):
        bound = 1 << (32 - zeros)
        for at, byte in enumerate(data[begin:end], begin):
            number = (number * 2 + GEAR[byte]) & 0xFFFFFFFF
            if number < bound:
                return at + 1
    return min(len(data), 4 * average)
