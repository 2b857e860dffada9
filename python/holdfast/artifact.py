"""A version and its files."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .arguments import checked_methods
from .author import Author, author_in
from .errors import HoldfastError, Json, damaged, disk_error, quoted
from .metadata import from_metadata
from .printable import printable
from .records import digest_of
from .store import CHUNK

Stored = Callable[..., Iterator[bytes]]
"""Yields the stored bytes of a file, by its facts: all, or `size` of them from an offset."""

MAX_PART = 8 * 2**20


@checked_methods
class File:
    """A file of a version. Nothing is read until you ask for it."""

    def __init__(self, facts: Json, owner: str, stored: Stored) -> None:
        self.path: str = facts["path"]
        self.size: int = int(facts["size"])
        self.sha256: str = facts["sha256"]
        self.media_type: str | None = facts.get("mediaType")
        self.mode: str | None = facts.get("mode")
        """`executable`, `link` (the content is its target), `folder`, or None."""
        self.modified_at: str | None = facts.get("modifiedAt")
        self._facts = facts
        self._owner = owner
        self._stored = stored

    def chunks(self) -> Iterator[bytes]:
        """Yields the content in pieces, and raises `Corrupt` at the end if it is damaged."""
        digest, size = hashlib.sha256(), 0
        what = f"{quoted(self.path)} of {self._owner}"
        for chunk in decompressed(self._stored(self._facts), self._facts.get("encoding"), what):
            size += len(chunk)
            if size > self.size:
                raise damaged(what, f"it has more than {self.size} bytes")
            digest.update(chunk)
            yield chunk
        if size != self.size:
            raise damaged(what, f"it has {size} bytes instead of {self.size}")
        if digest.hexdigest() != self.sha256:
            raise damaged(what, "SHA-256 mismatch")

    def read(self) -> bytes:
        """Returns the content, checked."""
        return b"".join(self.chunks())

    @property
    def is_small(self) -> bool:
        """Whether a range is read with the whole file, which is then checked."""
        return "encoding" in self._facts or self.size <= MAX_PART

    def range(self, offset: int, size: int) -> bytes:
        """Returns a range of the content, checked.

        Files of up to 8 MiB and compressed files are read whole. Of a larger one, little more than
        the range is read. A file of an earlier release without a list of chunks is read whole once.
        """
        if not all(hasattr(each, "__index__") and each >= 0 for each in (offset, size)):
            message = f"Cannot read a range of {quoted(self.path)}: {size!r} bytes at {offset!r}"
            raise HoldfastError("Invalid", message, "Pass whole numbers that are not negative.")
        if self.is_small:
            return self.read()[offset : offset + size]
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        data = b"".join(self._stored(self._facts, offset, size))
        if len(data) != size:
            raise damaged(f"{quoted(self.path)} of {self._owner}", "a range has another size")
        return data

    def text(self) -> str:
        """Returns the content as UTF-8."""
        try:
            return self.read().decode("utf-8")
        except UnicodeDecodeError as error:
            from .values import unreadable

            raise unreadable(self, "it is not UTF-8") from error

    def json(self) -> Any:
        """Returns the content as plain JSON; `Artifact.load` also restores dates, maps and such."""
        try:
            return json.loads(self.text().removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            from .values import unreadable

            raise unreadable(self, f"it is not JSON that Python can read ({error})") from error


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
        reader = zstd.ZstdFile(raw)
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


@checked_methods
class Artifact:
    """A version of a name: its facts, and its files."""

    def __init__(self, facts: Json, stored: Stored) -> None:
        self.name: str = facts["name"]
        self.version: str = facts["version"]
        """In full, with build metadata."""
        self.commit: str = facts["commit"]
        self.digest: str = facts["digest"]
        self.size: int = int(facts["size"])
        self.created_at: str = facts["createdAt"]
        self.by: Author | None = author_in(facts)
        """Who saved it, if known."""
        self.generation: int = int(facts.get("generation", 1))
        """How often this version was written: more than 1 if it was overwritten."""
        self.materializer: str = facts["materializer"]["id"]
        self.metadata: Json = from_metadata(facts["metadata"])
        self.inputs: list[Any] = facts.get("inputs", [])
        self.ref = f"{self.name}@{self.version}"
        """The exact ref of this version."""
        self.is_copy = "origin" in facts
        self.restored: list[Json] = facts.get("restored", [])
        """When it was deleted and restored: `deletedAt`, `restoredAt`."""
        """Whether it was copied from another registry."""
        self.first_saved_at: str | None = facts.get("since")
        """When this version was first saved, if it was overwritten and that is known."""
        self.files = [File(file, quoted(self.ref), stored) for file in facts["files"]]
        if digest_of(facts["materializer"], facts["files"]) != self.digest:
            raise damaged(quoted(self.ref), "its files do not have its digest")

    def file(self, path: str | None = None) -> File:
        """Returns a file by its path, or without a path the only one."""
        if path is None:
            if len(self.files) == 1:
                return self.files[0]
            message = f"Cannot choose a file of {quoted(self.ref)}: it has {len(self.files)} files"
            raise HoldfastError("Invalid", message, "Name one: file(path).")
        for file in self.files:
            if file.path == path:
                return file
        paths = ", ".join(printable(file.path) for file in self.files[:10])
        message = f"Cannot read {quoted(path)} of {quoted(self.ref)}: no such file"
        raise HoldfastError("NotFound", message, f"Use one of: {paths}.")

    def load(self) -> Any:
        """Returns the value: see `Registry.load`."""
        from .values import load_value

        return load_value(self)

    def download(
        self, to: str | Path, links: str = "safe", *, progress: bool | None = None
    ) -> list[str]:
        """Writes the files: see `Registry.download`."""
        from .downloads import download_files

        try:
            return download_files(self, Path(to), links, progress)
        except OSError as error:
            raise disk_error(f"download {quoted(self.ref)}", error) from error

    def path(self, file: str | None = None, *, progress: bool | None = None) -> Path:
        """Returns the folder of a local copy of all files, or the path of a copy of one file.

        Copies are checked, read-only, and shared by all processes of the machine. They are in
        `$HOLDFAST_PYTHON_CACHE`, else in `holdfast-python` below `$XDG_CACHE_HOME` or `~/.cache`.
        If others can write there, they are in a private folder until the program ends.
        """
        from .cache import local_copy

        try:
            return local_copy(self, file, progress)
        except OSError as error:
            raise disk_error(f"copy {quoted(self.ref)}", error) from error

    def _repr_html_(self) -> str:
        from .html import artifact_html

        return artifact_html(self)

    def __repr__(self) -> str:
        return f"<Artifact {quoted(self.ref)}, {self.materializer}, {self.size} bytes>"
