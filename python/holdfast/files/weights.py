"""Files that are stored by values: what differs from an earlier file (FORMAT.md, section 3.5)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from struct import Struct
from typing import NamedTuple

from ..core.errors import Json, damaged
from .compression import decompressed

MAX_GROUP_LIST = 16 * 2**20
MAX_GROUP = 4 * 2**20
HEAD = Struct("<IBBHQ32s")
KEPT = 2
"""Groups that are kept decoded: those of a later file may begin between two of them."""
AHEAD = 4 * 2**20
"""Stored bytes of each file of a chain that are read at once."""
FREE_BYTES, PER_BYTE, LEAST_BYTES = 2**30, 32, 1024
"""Bytes that may be decoded for a read, for each byte of it, and for each group at least."""

Read = Callable[[int, int], bytes]
"""Returns the bytes of a range, from an offset to another."""
Stored = Callable[[Json, int, int], Iterator[bytes]]
"""Yields the stored bytes of a range of a file."""
Listed = Callable[[Json, Json], bytes]
"""Returns the list that a file has at a place."""
Reads = tuple[str, Stored, Listed]
"""The name of a file for messages, and how its stored bytes are read."""


class Copy(NamedTuple):
    """A file of another version that a program has, such as its tensors in memory."""

    facts: Json
    reads: Reads
    read: Read


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


class Decoder:
    """The groups of a file, each decoded when it is read."""

    def __init__(self, groups: list[Group], stored: Read, what: str) -> None:
        self._groups = groups
        self._stored = stored
        self._what = what
        self._kept: dict[int, bytes] = {}

    def _other(self, group: Group) -> bytes | None:
        """Returns the bytes that a group differs from."""
        raise NotImplementedError

    def _decoded(self, index: int, work: Work) -> bytes:
        data = self._kept.pop(index, None) or self._decode(self._groups[index], work)
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
        other = self._other(group)
        if not stored:
            return other or bytes(group.length)
        plain, at, width = bytearray(group.length), 0, len(group.planes)
        for plane, size in enumerate(group.planes):
            count = len(range(plane, group.length, width))
            part, at = stored[at : at + size], at + size
            if size:
                plain[plane::width] = part if size == count else self._expanded(part, count)
        return bytes(plain) if other is None else xor(plain, other)

    def _expanded(self, part: bytes, count: int) -> bytes:
        plane = bytearray()
        for chunk in decompressed(iter((part,)), "zstd", self._what):
            plane += chunk
            if len(plane) > count:
                break
        if len(plane) != count:
            raise damaged(self._what, f"a plane does not have {count} bytes")
        return bytes(plane)


class Values(Decoder):
    """A file that is decoded as it is read."""

    def __init__(self, groups: list[Group], stored: Read, base: Read | None, what: str) -> None:
        super().__init__(groups, stored, what)
        self._base = base
        self._starts = [group.start for group in groups]

    def range(self, start: int, end: int, work: Work) -> Iterator[bytes]:
        """Yields the plain bytes of a range."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while start < end and index < len(self._groups):
            group, data = self._groups[index], self._decoded(index, work)
            yield data[start - group.start : end - group.start]
            start, index = group.start + group.length, index + 1

    def _other(self, group: Group) -> bytes | None:
        if group.place is None or self._base is None:
            return None
        return self._base(group.place, group.place + group.length)


class Before(Decoder):
    """The base of a file, read by the bytes of that file: what differs is the same.

    Bytes that the file lacks come from `base`.
    """

    def __init__(
        self, groups: list[Group], stored: Read, file: Read, base: Read, what: str
    ) -> None:
        super().__init__(groups, stored, what)
        self._file = file
        self._base = base
        found = sorted((g.place, i) for i, g in enumerate(groups) if g.place is not None)
        self._places = [place for place, _ in found]
        self._indexes = [index for _, index in found]

    def range(self, start: int, end: int, work: Work) -> Iterator[bytes]:
        """Yields the plain bytes of a range of the base."""
        while start < end:
            at = bisect_right(self._places, start) - 1
            place, index = (self._places[at], self._indexes[at]) if at >= 0 else (0, 0)
            if at < 0 or start >= place + self._groups[index].length:
                to = min(end, *self._places[at + 1 : at + 2])
                yield self._base(start, to)
            else:
                data = self._decoded(index, work)[start - place : end - place]
                to = start + len(data)
                yield data
            start = to

    def _other(self, group: Group) -> bytes | None:
        return self._file(group.start, group.start + group.length)


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


def opened(
    file: Json,
    work: Work,
    what: str,
    stored: Stored,
    listed: Listed,
    known: Mapping[str, Read] | None = None,
) -> Values:
    """Opens a file that is stored by values, and those that it is made from.

    `known` has files that need not be read from the store, by their digests.
    """

    def read(some: Json) -> Read:
        have = (known or {}).get(some.get("sha256", ""))
        if have is not None:
            return have
        if "values" not in some:
            return lambda start, end: b"".join(stored(some, start, end))
        below = opened(some, work, what, stored, listed, known)
        return lambda start, end: b"".join(below.range(start, end, work))

    groups, base = groups_of(file, what, listed), base_of(file)
    return Values(groups, read(planes_of(file)), read(base) if base else None, what)


def groups_of(file: Json, what: str, listed: Listed) -> list[Group]:
    """Returns the groups of a file."""
    place, base = file["values"]["groups"], file["values"].get("base")
    size = sum(int(part["size"]) for part in file["parts"])
    data = listed(file, place) if int(place["size"]) <= MAX_GROUP_LIST else b""
    groups = groups_in(data, int(file["size"]), size, int(base["size"]) if base else 0)
    if groups is None or hashlib.sha256(data).hexdigest() != place["sha256"]:
        raise damaged(what, "its list of groups is damaged")
    return groups


def planes_of(file: Json) -> Json:
    """Returns the stored bytes of a file, as a file."""
    planes: Json = {name: file[name] for name in ("path", "from", "parts") if name in file}
    return {**planes, "of": file["values"]["groups"]["sha256"]}


def base_of(file: Json) -> Json | None:
    """Returns the file that another is made from; None if it is made from none."""
    base = file.get("values", {}).get("base")
    return base and {**base, "path": file["path"]}


def made_from(file: Json, reads: Reads, copy: Copy) -> Iterator[bytes] | None:
    """Yields the plain bytes of a file, by those of another version of it.

    Only what differs is read. Check the result: the bytes of the copy may have changed. Returns
    None if the two versions are not made from a common one.
    """
    wanted, own = chain_of(file), chain_of(copy.facts)
    digests = [each["sha256"] for each in wanted]
    shared = next((i for i, each in enumerate(own) if each["sha256"] in digests), None)
    if shared is None:
        return None
    size, (what, stored, listed), read = int(file["size"]), reads, copy.read
    work = Work((1 + shared) * size)
    for step, base in zip(own[:shared], own[1:], strict=False):
        read = before(step, base, read, work, copy.reads)
    digest = own[shared]["sha256"]
    if digest == digests[0]:
        places = range(0, size, MAX_GROUP)
        return (read(start, min(start + MAX_GROUP, size)) for start in places)
    return opened(file, work, what, stored, listed, {digest: read}).range(0, size, work)


def before(step: Json, base: Json, read: Read, work: Work, reads: Reads) -> Read:
    """Returns what reads the base of a file, by what reads the file."""
    what, stored, listed = reads

    def plain(start: int, end: int) -> bytes:
        if "values" not in base:
            return b"".join(stored(base, start, end))
        return b"".join(opened(base, work, what, stored, listed).range(start, end, work))

    planes = planes_of(step)
    groups = groups_of(step, what, listed)
    inner = Before(groups, lambda a, b: b"".join(stored(planes, a, b)), read, plain, what)
    return lambda start, end: b"".join(inner.range(start, end, work))


def chain_of(file: Json) -> list[Json]:
    """Returns a file and those that it is made from."""
    found, base = [file], base_of(file)
    while base:
        found.append(base)
        base = base_of(base)
    return found


def ahead(stored: Stored) -> Stored:
    """Reads stored bytes in few large ranges, for a file that is read from its begin to its end."""
    held: dict[str, tuple[int, bytes]] = {}

    def read(file: Json, start: int, end: int) -> Iterator[bytes]:
        key = str(file.get("of") or file["sha256"])
        at, data = held.get(key, (0, b""))
        if not at <= start <= end <= at + len(data):
            at, data = start, b"".join(stored(file, start, max(end, start + AHEAD)))
            held[key] = at, data
        yield data[start - at : end - at]

    return read


def xor(one: bytes | bytearray, other: bytes) -> bytes:
    """XORs bytes of equal length: by NumPy, else as numbers, which takes ten times as long."""
    try:
        import numpy
    except ImportError:
        number = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
        return number.to_bytes(len(one), "little")
    result: bytes = (numpy.frombuffer(one, "u1") ^ numpy.frombuffer(other, "u1")).tobytes()
    return result
