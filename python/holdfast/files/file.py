"""Files of a version, which are checked as they are read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ..core.arguments import checked_methods
from ..core.errors import HoldfastError, Json, damaged, quoted
from ..core.metadata import from_metadata
from ..core.printable import printable
from ..core.records import digest_of
from ..core.shapes import is_dict, is_list
from .compression import decompressed
from .held import Source

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
        self.facts = facts
        """Its entry in the record of the version."""
        self._owner = owner
        self._stored = stored

    def chunks(self) -> Iterator[bytes]:
        """Yields the content in pieces, and raises `Corrupt` at the end if it is damaged."""
        encoding = self.facts.get("encoding")
        chunks = decompressed(self._stored(self.facts), encoding, self._what)
        return whole(chunks, self, self._what)

    @property
    def _what(self) -> str:
        return f"{quoted(self.path)} of {self._owner}"

    def read(self) -> bytes:
        """Returns the content, checked."""
        return b"".join(self.chunks())

    @property
    def is_small(self) -> bool:
        """Whether a range is read with the whole file, which is then checked."""
        return "encoding" in self.facts or self.size <= MAX_PART

    def range(self, offset: int, size: int) -> bytes:
        """Returns a range of the content, checked.

        Files of up to 8 MiB and compressed files are read whole. Of a larger one, little more than
        the range is read. A file without a list of chunks is read whole once.
        """
        if not all(hasattr(each, "__index__") and each >= 0 for each in (offset, size)):
            message = f"Cannot read a range of {quoted(self.path)}: {size!r} bytes at {offset!r}"
            raise HoldfastError("Invalid", message, "Pass whole numbers that are not negative.")
        if self.is_small:
            return self.read()[offset : offset + size]
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        data = b"".join(self._stored(self.facts, offset, size))
        if len(data) != size:
            raise damaged(self._what, "a range has another size")
        return data

    def text(self) -> str:
        """Returns the content as UTF-8."""
        try:
            return self.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise unreadable(self, "it is not UTF-8") from error

    def json(self) -> Any:
        """Returns the content as plain JSON; `Artifact.load` also restores dates, maps and such."""
        try:
            return json.loads(self.text().removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise unreadable(self, f"it is not JSON that Python can read ({error})") from error


def whole(chunks: Iterator[bytes], file: File, what: str) -> Iterator[bytes]:
    """Yields what must be the content, and raises `Corrupt` at the end if it is not."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > file.size:
            raise damaged(what, f"it has more than {file.size} bytes")
        digest.update(chunk)
        yield chunk
    if size != file.size:
        raise damaged(what, f"it has {size} bytes instead of {file.size}")
    if digest.hexdigest() != file.sha256:
        raise damaged(what, "SHA-256 mismatch")


@checked_methods
class Files:
    """The files of a version, and the facts that say how to read them."""

    def __init__(self, facts: Json, stored: Stored, source: Source | None = None) -> None:
        self.source = source
        """How the stored bytes are read, if the store is known."""
        self.name: str = facts["name"]
        self.version: str = facts["version"]
        """In full, with build metadata."""
        self.ref: str = f"{self.name}@{self.version}"
        """The exact ref of this version."""
        self.digest: str = facts["digest"]
        self.size: int = int(facts["size"])
        self.materializer: str = facts["materializer"]["id"]
        self.metadata: Json = from_metadata(facts["metadata"])
        self.files: list[File] = [File(file, quoted(self.ref), stored) for file in facts["files"]]
        self._by_path: dict[str, File] | None = None
        if digest_of(facts["materializer"], facts["files"]) != self.digest:
            raise damaged(quoted(self.ref), "its files do not have its digest")

    def file(self, path: str | None = None) -> File:
        """Returns a file by its path, or without a path the only one of the value."""
        if path is None:
            files = value_files(self)
            if len(files) == 1:
                return files[0]
            message = f"Cannot choose a file of {quoted(self.ref)}: it has {len(self.files)} files"
            raise HoldfastError("Invalid", message, "Name one: file(path).")
        if self._by_path is None:
            self._by_path = {file.path: file for file in self.files}
        file = self._by_path.get(path)
        if file is not None:
            return file
        paths = ", ".join(printable(file.path) for file in self.files[:10])
        message = f"Cannot read {quoted(path)} of {quoted(self.ref)}: no such file"
        raise HoldfastError("NotFound", message, f"Use one of: {paths}.")


CURVE = re.compile(r"history(-[0-9]+)?\.jsonl")


def value_files(version: Files) -> list[File]:
    """Returns the files of a version without those of its run.

    A version that has only the files of a run has them as its value.
    """
    run, curves = version.metadata.get("run"), version.metadata.get("curves")
    added = run.get("files") if is_dict(run) else None
    added = added[:] if is_list(added) else []
    path = curves[0] if is_list(curves) and curves else curves
    points = run.get("points") if is_dict(run) else 0
    has_points = isinstance(points, (int, float)) and points > 0
    if has_points and isinstance(path, str) and CURVE.fullmatch(path):
        added.append(path)
    return [file for file in version.files if file.path not in added] or version.files


READ_BYTES = "Read its bytes, as they were saved: `open(ref).file(path).read()`."


def unreadable(file: File, state: str) -> HoldfastError:
    """Returns the error for an undamaged file that does not match its name or materializer."""
    return HoldfastError("Corrupt", f"Cannot load {quoted(file.path)}: {state}", READ_BYTES)
