"""The pages of a Parquet file: what is read, whatever its metadata says of their size.

PyArrow does not return the headers of pages, and ends the process for some damaged metadata.
"""

from __future__ import annotations

from typing import Any, NamedTuple

DELTA_BYTE_ARRAY = 7
REPEATING = {2, DELTA_BYTE_ARRAY, 8}
"""Encodings that store the bytes of many strings once: these two are those of dictionaries."""
VALUES, STORED, FIRST, DICTIONARY = 5, 7, 9, 11
"""Fields of the metadata of a column."""
INT16, INT32, INT64, STRING, LIST, STRUCT = 4, 5, 6, 8, 9, 12
BITS = {INT16: 16, INT32: 32, INT64: 64}
BYTES = {1: 1, 2: 1, 3: 1, 7: 8, STRING: 0}
"""Bytes of booleans in lists, bytes and doubles. Those of a string begin with their number."""
FOOTER = {4: [{1: [{3: dict.fromkeys((VALUES, STORED, FIRST, DICTIONARY), INT64)}]}]}
"""Where they are: in groups of rows, columns, and the metadata of each."""
ENCODINGS = {5: 2, 8: 4}
"""Fields of a header with that of a page of values, by versions, and the field of its encoding."""
HEADER = {2: INT32, 3: INT32} | {at: {1: INT32, of: INT32} for at, of in ENCODINGS.items()}
MAX_HEADER, MAX_DEPTH = 2**24, 16
"""Bytes of a header that Arrow reads, and more values in values than metadata has."""


class Pages(NamedTuple):
    """What the pages of a column in a group of rows unpack to."""

    values: int
    size: int
    largest: int
    """The bytes of all pages, and of the largest one."""
    encodings: set[int]


def columns_of(file: Any) -> list[list[Any]]:
    """Returns the metadata of the columns of each group of rows."""
    end = file.seek(-8, 2)
    size = int.from_bytes(file.read(4), "little")
    file.seek(end - size)
    try:
        footer = Compact(file.read(size)).struct(FOOTER)
    except IndexError:
        raise ValueError("its metadata ends early") from None
    return [[part.get(3) for part in group.get(1) or ()] for group in footer.get(4) or ()]


def pages_of(file: Any, part: Any) -> Pages:
    """Reads the headers of the pages of a column. Raises `ValueError` for other bytes."""
    at, total = number_of(part, FIRST), number_of(part, VALUES)
    if 0 < part.get(DICTIONARY, 0) < at:
        at = part[DICTIONARY]
    end = at + number_of(part, STORED)
    values = size = largest = 0
    encodings = set[int]()
    while at < end and values < total:  # as many as a reader reads
        header, start = header_at(file, at, end)
        unpacked, stored = number_of(header, 2), number_of(header, 3)
        for field, encoding in ENCODINGS.items():
            if field in header:
                values += number_of(header[field], 1)
                encodings.add(number_of(header[field], encoding))
        size, largest, at = size + unpacked, max(largest, unpacked), start + stored
    return Pages(values, size, largest, encodings)


def number_of(known: dict[int, int] | None, field: int) -> int:
    value = (known or {}).get(field, -1)
    if value < 0:
        raise ValueError(f"its metadata lacks a number ({field})")
    return value


def header_at(file: Any, at: int, end: int) -> tuple[dict[int, Any], int]:
    """Returns a header, and where its page begins."""
    length = 512
    while True:
        file.seek(at)
        found = Compact(file.read(min(length, end - at)))
        try:
            return found.struct(HEADER), at + found.at
        except IndexError:
            if length >= min(MAX_HEADER, end - at):
                raise ValueError(f"no page begins at byte {at}") from None
            length *= 16


class Compact:
    """Metadata in the compact protocol of Thrift. Raises `IndexError` where it ends early.

    Refuses what Arrow skips or shortens: a number of another type, or of more bits.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def struct(self, wanted: Any, depth: int = 0) -> dict[int, Any]:
        """Reads a struct. Returns its fields that are `wanted`, by their numbers."""
        found, field = dict[int, Any](), 0
        while head := self.byte():
            field = field + (head >> 4) if head >> 4 else self.signed(16)
            inner = wanted.get(field) if wanted else None
            if field in found or field >> 15:
                raise ValueError(f"its metadata has the field {field} twice")
            if head & 15 > 2 or inner:  # others are booleans, which have no bytes
                value = self.value(head & 15, inner, depth + 1)
                if inner:
                    found[field] = value
        return found

    def value(self, kind: int, wanted: Any, depth: int) -> Any:
        """Reads a value, and returns what is wanted of it: a type, fields, or those of a list."""
        needed = (
            LIST if isinstance(wanted, list) else STRUCT if isinstance(wanted, dict) else wanted
        )
        if depth > MAX_DEPTH or kind != (needed or kind):
            raise ValueError(f"its metadata has a value of the type {kind} at byte {self.at}")
        if kind in BITS:
            return self.signed(BITS[kind])
        if kind == STRUCT:
            return self.struct(wanted, depth)
        if kind in (LIST, LIST + 1):  # sets are alike
            return self.items(wanted and wanted[0], depth)
        if kind not in BYTES:
            raise ValueError(f"its metadata has a value of the type {kind}")
        size = BYTES[kind] or self.unsigned(31)
        self.at += size
        return None

    def items(self, wanted: Any, depth: int) -> list[Any]:
        head, found = self.byte(), list[Any]()
        for _ in range(head >> 4 if head >> 4 < 15 else self.unsigned(31)):
            value = self.value(head & 15, wanted, depth + 1)
            if wanted:
                found.append(value)
        return found

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self, bits: int) -> int:
        if (value := self.byte()) < 128:
            return value
        value, shift = value & 127, 7
        while (part := self.byte()) & 128 and shift < 64:
            value |= (part & 127) << shift
            shift += 7
        value |= part << shift
        if value >> bits:
            raise ValueError(f"its metadata has a number of more than {bits} bits")
        return value

    def signed(self, bits: int) -> int:
        value = self.unsigned(bits)
        return (value >> 1) ^ -(value & 1)
