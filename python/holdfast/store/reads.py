"""Few large reads for the pieces of a file that lie in several objects."""

from __future__ import annotations

from dataclasses import dataclass

MOST_READ = 8 * 2**20
HELD = 32 * 2**20
"""Bytes that the reads of all objects hold together, one read of each."""
LEAST_READ = 4096


@dataclass
class Piece:
    """A part of a file in an object, and the range of it to read."""

    key: str
    offset: int
    size: int
    first: int
    last: int


@dataclass
class Read:
    """A range of an object that is read at once."""

    key: str
    offset: int
    end: int


def whole_run(pieces: list[Piece]) -> Piece | None:
    """Returns the pieces as one, if they follow each other in an object."""
    run: Piece | None = None
    for piece in pieces:
        start, size = piece.offset + piece.first, piece.last - piece.first
        if run is None:
            run = Piece(piece.key, start, size, 0, size)
        elif (run.key, run.offset + run.size) != (piece.key, start):
            return None
        else:
            run.size += size
    return run


def plan(pieces: list[Piece]) -> list[list[tuple[Read, int, int]]]:
    """Returns for each piece the reads that hold it, and the range of the object in each.

    A read takes the bytes between two near pieces too: they cost less than a request.
    """
    limit = min(max(HELD // len({piece.key for piece in pieces} or "-"), LEAST_READ), MOST_READ)
    latest: dict[str, Read] = {}
    planned: list[list[tuple[Read, int, int]]] = []
    for piece in pieces:
        at, end = piece.offset + piece.first, piece.offset + piece.last
        slices: list[tuple[Read, int, int]] = []
        while at < end:
            read = latest.get(piece.key)
            is_near = read is not None and read.offset <= at <= read.end + gap_after(read)
            if read is None or not is_near or at >= read.offset + limit:
                read = latest[piece.key] = Read(piece.key, at, at)
            to = min(end, read.offset + limit)
            read.end = max(read.end, to)
            slices.append((read, at, to))
            at = to
        planned.append(slices)
    return planned


def gap_after(read: Read) -> int:
    """Returns the largest gap between a read and the next piece that it still includes."""
    return min(max(read.end - read.offset, 64 * 1024), 512 * 1024)
