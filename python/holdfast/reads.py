"""Few large reads for the pieces of a file that lie in several objects."""

from __future__ import annotations

from dataclasses import dataclass

MOST_READ = 8 * 2**20
HELD = 32 * 2**20
"""Bytes that the reads of all objects hold together, one read of each."""
LEAST_READ = 4096


@dataclass
class Piece:
    """A part of a file in an object, and the range of it to read. With a SHA-256 it is checked."""

    key: str
    offset: int
    size: int
    first: int
    last: int
    sha256: str | None = None


@dataclass
class Read:
    """A range of an object that is read at once."""

    key: str
    offset: int
    end: int


def whole_run(pieces: list[Piece]) -> Piece | None:
    """Returns the pieces as one, if they follow each other in an object and none is checked."""
    run: Piece | None = None
    for piece in pieces:
        if piece.sha256 is not None:
            return None
        start, size = piece.offset + piece.first, piece.last - piece.first
        if run is None:
            run = Piece(piece.key, start, size, 0, size)
        elif (run.key, run.offset + run.size) != (piece.key, start):
            return None
        else:
            run.size += size
    return run


def plan(pieces: list[Piece]) -> list[tuple[Piece, list[tuple[Read, int, int]]]]:
    """Returns each piece with the reads that hold it, and the range of the object in each.

    A read takes the bytes between two near pieces too: they cost less than a request.
    """
    limit = min(max(HELD // len({piece.key for piece in pieces} or "-"), LEAST_READ), MOST_READ)
    latest: dict[str, Read] = {}
    planned = []
    for piece in pieces:
        is_checked = piece.sha256 is not None
        at = piece.offset + (0 if is_checked else piece.first)
        end = piece.offset + (piece.size if is_checked else piece.last)
        slices = []
        while at < end:
            read = latest.get(piece.key)
            is_near = read is not None and read.offset <= at <= read.end + gap_after(read)
            if read is None or not is_near or at >= read.offset + limit:
                read = latest[piece.key] = Read(piece.key, at, at)
            to = min(end, read.offset + limit)
            read.end = max(read.end, to)
            slices.append((read, at, to))
            at = to
        planned.append((piece, slices))
    return planned


def gap_after(read: Read) -> int:
    """Returns how far the next piece may be from a read that takes it too."""
    return min(max(read.end - read.offset, 64 * 1024), 512 * 1024)
