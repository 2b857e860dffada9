"""The list of chunks of a file (FORMAT.md, section 3.4)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise
from struct import iter_unpack, pack

MAX_CHUNKS = 2**18
MAX_CHUNK_LIST = 4 + 36 * MAX_CHUNKS
AVERAGES = [2**n for n in range(14, 29)]


class Chunks:
    """The list of chunks of a file (section 3.4)."""

    def __init__(self, data: bytes, size: int) -> None:
        entries = list(iter_unpack("<I32s", data[4:])) if len(data) % 36 == 4 else []
        self.average = int.from_bytes(data[:4], "little")
        self._digests = [digest for _, digest in entries]
        self._ends = list(accumulate(length for length, _ in entries))
        self._offsets: dict[bytes, int] = {}
        self.is_valid = (
            self.average in AVERAGES
            and 0 < len(entries) <= MAX_CHUNKS
            and all(0 < length <= 4 * self.average for length, _ in entries)
            and self._ends[-1] == size
        )

    @classmethod
    def of_one(cls, size: int, sha256: str) -> Chunks:
        """Returns the list of a file that is one chunk."""
        average = next(each for each in AVERAGES if 4 * each >= size)
        return cls(average.to_bytes(4, "little") + pack("<I32s", size, bytes.fromhex(sha256)), size)

    @property
    def is_fixed(self) -> bool:
        """Whether all chunks have one length, which does not depend on their bytes."""
        lengths = {end - start for start, end in pairwise([0, *self._ends[:-1]])}
        return self.average >= 2**18 and lengths <= {4 * self.average}

    def following(self, offset: int) -> tuple[int, bytes]:
        """Returns how many bytes follow in the chunk of an offset, and the chunk's digest."""
        chunk = bisect_right(self._ends, offset)
        if chunk == len(self._ends):
            return 4 * self.average, b""
        return self._ends[chunk] - offset, self._digests[chunk]

    def find(self, digest: bytes) -> int | None:
        """Returns the offset of the first chunk with a digest."""
        if not self._offsets:
            starts = [0, *self._ends[:-1]]
            self._offsets = dict(zip(reversed(self._digests), reversed(starts), strict=True))
        return self._offsets.get(digest)

    def __len__(self) -> int:
        return len(self._ends)

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Returns the range of the chunks that have bytes in a range."""
        first, last = bisect_right(self._ends, start), bisect_right(self._ends, end - 1)
        return self._ends[first - 1] if first else 0, self._ends[last]

    def checked(self, start: int, stream: Iterator[bytes]) -> Iterator[bytes | None]:
        """Yields chunks from one that begins at `start`; None for one that does not match."""
        held = bytearray()
        for chunk in range(bisect_right(self._ends, start), len(self._ends)):
            length = self._ends[chunk] - (self._ends[chunk - 1] if chunk else 0)
            while len(held) < length:
                more = next(stream, None)
                if more is None:
                    return
                held += more
            data = bytes(held[:length])
            yield data if hashlib.sha256(data).digest() == self._digests[chunk] else None
            del held[:length]


def cut(stream: Iterator[bytes], size: int) -> tuple[bytes, str]:
    """Returns a list of chunks of equal length for a file that has none, and its SHA-256."""
    average = next(n for n in AVERAGES if n >= 2**18 and 4 * n * MAX_CHUNKS >= size)
    whole, chunk, count = hashlib.sha256(), hashlib.sha256(), 0
    entries = [average.to_bytes(4, "little")]
    for data in stream:
        whole.update(data)
        while data:
            taken = data[: 4 * average - count]
            chunk.update(taken)
            count, data = count + len(taken), data[len(taken) :]
            if count == 4 * average:
                entries.append(pack("<I32s", count, chunk.digest()))
                chunk, count = hashlib.sha256(), 0
    if count:
        entries.append(pack("<I32s", count, chunk.digest()))
    return b"".join(entries), whole.hexdigest()
