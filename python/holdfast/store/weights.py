"""Files that are stored by values: what differs from an earlier file (FORMAT.md, section 3.5)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

from ..core.errors import Json, damaged
from ..files.compression import decompressed

MAX_GROUP_LIST = 16 * 2**20
MAX_GROUP = 4 * 2**20
HEAD = Struct("<IBBHQ32s")
KEPT = 2
"""Groups that are kept decoded: those of a later file may begin between two of them."""
FREE_BYTES, PER_BYTE, LEAST_BYTES = 2**30, 32, 1024
"""Bytes that may be decoded for a read, for each byte of it, and for each group at least."""

Read = Callable[[int, int], bytes]
"""Returns the bytes of a range, from an offset to another."""
Stored = Callable[[Json, int, int], Iterator[bytes]]
"""Yields the stored bytes of a range of a file."""
Listed = Callable[[Json, Json], bytes]
"""Returns the list that a file has at a place."""


class Group(NamedTuple):
    """Adjacent bytes of a file, and what is stored of them."""

    start: int
    at: int
    """Offset of the stored bytes."""
    length: int
    place: int | None
    """Offset in the base."""
    digest: bytes
    planes: tuple[int, ...]


class Work:
    """The bytes that may still be decoded: a damaged list could ask for any number."""

    def __init__(self, size: int) -> None:
        self.left = FREE_BYTES + PER_BYTE * size


def groups_in(data: bytes, size: int, stored: int, base: int) -> list[Group] | None:
    """Returns the groups of a list, or None if it is not one of a file with these sizes."""
    groups: list[Group] = []
    read = start = at = 0
    while read < len(data):
        if read + HEAD.size > len(data):
            return None
        length, width, flags, zero, place, digest = HEAD.unpack_from(data, read)
        end = read + HEAD.size + 4 * width
        if not 0 < length <= MAX_GROUP or width not in (1, 2, 4, 8) or flags > 1 or zero:
            return None
        if end > len(data) or (place + length > base if flags else place):
            return None
        planes = Struct(f"<{width}I").unpack_from(data, read + HEAD.size)
        if any(n > len(range(plane, length, width)) for plane, n in enumerate(planes)):
            return None
        groups.append(Group(start, at, length, place if flags else None, digest, planes))
        read, start, at = end, start + length, at + sum(planes)
    return groups if (start, at) == (size, stored) else None


class Values:
    """A file that is decoded as it is read."""

    def __init__(self, groups: list[Group], stored: Read, base: Read | None, what: str) -> None:
        self._groups = groups
        self._starts = [group.start for group in groups]
        self._stored = stored
        self._base = base
        self._what = what
        self._kept: dict[int, bytes] = {}

    def range(self, start: int, end: int, work: Work) -> Iterator[bytes]:
        """Yields the plain bytes of a range."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while start < end and index < len(self._groups):
            group = self._groups[index]
            data = self._decoded(index, group, work)
            yield data[start - group.start : end - group.start]
            start, index = group.start + group.length, index + 1

    def _decoded(self, index: int, group: Group, work: Work) -> bytes:
        data = self._kept.pop(index, None) or self._decode(group, work)
        self._kept[index] = data
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return data

    def _decode(self, group: Group, work: Work) -> bytes:
        work.left -= max(group.length, LEAST_BYTES)
        if work.left < 0:
            state = "its values decode to more than 1 GiB and 32 times what is read"
            raise damaged(self._what, state)
        stored = self._stored(group.at, group.at + sum(group.planes))
        if hashlib.sha256(stored).digest() != group.digest:
            raise damaged(self._what, f"SHA-256 mismatch of the stored values at {group.start}")
        plain, at, width = bytearray(group.length), 0, len(group.planes)
        for plane, size in enumerate(group.planes):
            count = len(range(plane, group.length, width))
            part, at = stored[at : at + size], at + size
            if size:
                plain[plane::width] = part if size == count else self._expanded(part, count)
        if group.place is None or self._base is None:
            return bytes(plain)
        return xor(plain, self._base(group.place, group.place + group.length))

    def _expanded(self, part: bytes, count: int) -> bytes:
        plane = bytearray()
        for chunk in decompressed(iter((part,)), "zstd", self._what):
            plane += chunk
            if len(plane) > count:
                break
        if len(plane) != count:
            raise damaged(self._what, f"a plane does not have {count} bytes")
        return bytes(plane)


def plain_facts(file: Json) -> Json:
    """Returns the facts of a file whose bytes are decoded before anything else sees them."""
    if "values" not in file:
        return file
    return {member: value for member, value in file.items() if member != "encoding"}


def plain_range(
    file: Json, start: int, end: int, what: str, stored: Stored, listed: Listed
) -> Iterator[bytes]:
    """Yields the plain bytes of a range of a file that is stored by values."""
    end = min(end, int(file["size"]))
    work = Work(end - start)
    return opened(file, work, what, stored, listed).range(start, end, work)


def opened(file: Json, work: Work, what: str, stored: Stored, listed: Listed) -> Values:
    """Opens a file that is stored by values, and those that it is made from."""
    place, base = file["values"]["groups"], file["values"].get("base")
    size, before = (
        sum(int(part["size"]) for part in file["parts"]),
        int(base["size"]) if base else 0,
    )
    data = listed(file, place) if int(place["size"]) <= MAX_GROUP_LIST else b""
    groups = groups_in(data, int(file["size"]), size, before)
    if groups is None or hashlib.sha256(data).hexdigest() != place["sha256"]:
        raise damaged(what, "its list of groups is damaged")

    def read(some: Json) -> Read:
        if "values" not in some:
            return lambda start, end: b"".join(stored(some, start, end))
        below = opened(some, work, what, stored, listed)
        return lambda start, end: b"".join(below.range(start, end, work))

    planes: Json = {name: file[name] for name in ("path", "from", "parts") if name in file}
    return Values(
        groups, read(planes), read({**base, "path": file["path"]}) if base else None, what
    )


def xor(one: bytes | bytearray, other: bytes) -> bytes:
    """XORs bytes of equal length: as numbers, which takes less time than loops."""
    number = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return number.to_bytes(len(one), "little")
