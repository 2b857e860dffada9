"""Files and streams of Arrow that are read into memory, unless they take more than there is."""

# The package that it uses has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..core.memory import free_memory

CONTINUED, MAGIC = b"\xff\xff\xff\xff", b"ARROW1"
DICTIONARY, BATCH = 2, 3
"""Kinds of messages."""


class Message(NamedTuple):
    """Where the metadata of a message begins in a file or a stream, and its bytes."""

    metadata: int
    body: int


def read_arrow(data: bytes, use_threads: bool) -> Any:
    """Returns a table. Raises `MemoryError` if it does not fit."""
    import pyarrow
    from pyarrow import feather

    is_stream = data.startswith(CONTINUED)  # as `datasets` writes it
    try:
        messages = messages_of(data) if is_stream else blocks_of(data)
        size = unpacked(data, messages)
    except struct.error as error:
        raise pyarrow.ArrowInvalid(f"it ends within a message ({error})") from None
    if size > (free := free_memory()):
        raise MemoryError(f"it takes more than the {free} bytes that are free")
    if is_stream:
        return pyarrow.ipc.open_stream(data).read_all()
    return feather.read_table(pyarrow.BufferReader(data), use_threads=use_threads)


def unpacked(data: bytes, messages: Iterator[Message]) -> int:
    """Returns the bytes that messages take beside those of the file, which are used in place."""
    size, rest = 0, len(data)
    for metadata, body in messages:
        message = target(data, metadata)
        batch = target(data, field(data, message, 2))
        kind = number(data, field(data, message, 1), "B")
        if kind == DICTIONARY:
            batch = target(data, field(data, batch, 1))
        elif kind != BATCH:
            continue
        # Releases before 1.0 said it in the metadata.
        is_compressed = field(data, batch, 3) or b"experimental_compression" in data[metadata:body]
        buffers = target(data, field(data, batch, 2))
        for at in range(buffers + 4, buffers + 4 + 16 * number(data, buffers), 16):
            start, length = number(data, at, "q"), number(data, at + 8, "q")
            if is_compressed and length >= 8:  # after the length, which is -1 for others
                size += max(number(data, body + start, "q"), 0)
            else:  # several can have the same bytes, which some kinds copy
                rest -= length
    return size - min(rest, 0)


def messages_of(data: bytes) -> Iterator[Message]:
    """Yields the messages of a stream."""
    at = 0
    while at < len(data):
        at += 4 * data.startswith(CONTINUED, at)  # releases before 0.15 lack it
        size, start = number(data, at, "i"), at + 4
        if size <= 0:  # its end
            return
        yield Message(start, start + size)
        at = start + size + number(data, field(data, target(data, start), 3), "q")


def blocks_of(data: bytes) -> Iterator[Message]:
    """Yields the messages of a file that its footer names. Feather's first version has none."""
    if not data.endswith(MAGIC):
        return
    end = len(data) - len(MAGIC) - 4
    footer = target(data, end - number(data, end))
    for member in (2, 3):  # dictionaries and batches
        blocks = target(data, field(data, footer, member))
        for at in range(blocks + 4, blocks + 4 + 24 * number(data, blocks), 24):
            start, size = number(data, at, "q"), number(data, at + 8)
            yield Message(start + 4 + 4 * data.startswith(CONTINUED, start), start + size)


def number(data: bytes, at: int, kind: str = "I") -> int:
    """Returns an integer, or 0 for a field that is absent: its place is 0."""
    return int(struct.unpack_from("<" + kind, data, at)[0]) if at else 0


def target(data: bytes, at: int) -> int:
    """Returns the place that one names."""
    return at + number(data, at)


def field(data: bytes, table: int, index: int) -> int:
    """Returns the place of a field in a table of FlatBuffers."""
    known = table - number(data, table, "i")
    slot = 4 + 2 * index
    offset = number(data, known + slot, "H") if slot < number(data, known, "H") else 0
    return table + offset if offset else 0
