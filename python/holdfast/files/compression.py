"""Decompression of files, in pieces of bounded size."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any, cast

from ..core.errors import HoldfastError, damaged
from ..core.store import CHUNK


def decompressed(chunks: Iterator[bytes], encoding: str | None, what: str) -> Iterator[bytes]:
    """Decompresses a stream in pieces of bounded size."""
    if encoding is None:
        yield from chunks
        return
    try:
        yield from (gunzip if encoding == "gzip" else unzstd)(chunks)
    except HoldfastError:
        raise
    except (zlib.error, EOFError, ValueError) as error:
        raise damaged(what, f"invalid {encoding} stream") from error
    except Exception as error:  # the errors of both zstd modules have classes of their own
        if type(error).__name__ != "ZstdError":
            raise
        raise damaged(what, f"invalid {encoding} stream") from error


def gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(31)
    for chunk in chunks:
        while True:
            plain = stream.decompress(chunk, CHUNK)
            chunk = stream.unconsumed_tail
            if plain:
                yield plain
            if not chunk and len(plain) < CHUNK:
                break
    if not stream.eof or stream.unused_data:
        raise EOFError("not one whole stream")


def unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    raw = io.BufferedReader(ChunkReader(chunks))
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore] # Python 3.14
    except ImportError:
        try:
            import zstandard
        except ImportError:
            hint = "Run `pip install zstandard`, or use Python 3.14."
            message = "Cannot decompress zstd: neither compression.zstd nor zstandard is installed"
            raise HoldfastError("Unsupported", message, hint) from None
        reader: Any = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    else:
        reader = cast(Any, zstd).ZstdFile(raw)
    yield from iter(lambda: reader.read(CHUNK), b"")


class ChunkReader(io.RawIOBase):
    """A stream over pieces of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
