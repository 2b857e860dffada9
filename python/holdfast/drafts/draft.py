"""Drafts: versions that many programs write, and one commits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from ..artifacts.artifact import Artifact
from ..client.connection import Connection, quote
from ..client.new_bytes import MOST_AVERAGE
from ..client.paths import path_of
from ..client.saving import (
    Saved,
    check_request,
    request_of,
    saved_of,
    sent_members,
    sizes_of,
    with_files,
)
from ..client.sending import PIECE_BYTES, StreamSender, are_inline, chunks_in
from ..core.arguments import checked_methods
from ..core.errors import HoldfastError, Json, disk_error, quoted
from ..core.names import encode_segment
from ..core.shapes import is_binary, is_iterator
from ..core.store import CHUNK
from ..core.words import Worded
from ..files.chunks import Chunks
from ..files.file import File
from ..values.serializers import FileToSend, files_at


class AddedPart(NamedTuple):
    """What was added to a draft."""

    added: bool
    """False if the part existed, and stays as it was."""
    files: int
    size: int


class DraftFile(NamedTuple):
    """A file in a draft."""

    path: str
    size: int
    sha256: str
    part: str
    mode: str | None


class DraftInfo(NamedTuple):
    """The state of a draft."""

    state: str
    """`open`, `committing`, `committed`, `discarded`; `abandoned` if it was left for a week."""
    version: str | None
    """The version, once it is committed."""
    parts: dict[str, str]
    """Its parts, and when each was added by the clock of the store."""


class PartToSend:
    """The request that adds a part."""

    def __init__(self, connection: Connection, route: str, compress: str | None) -> None:
        self.connection = connection
        self._route = route
        self._how = sent_members({"compress": compress})

    def check(self) -> None:
        """Raises what the service refuses, before anything is sent."""
        check_request(self.connection, "PUT", self._route, self._how)

    def put(self, files: list[Json]) -> Json:
        return self.connection.json("PUT", self._route, {**self._how, "files": files})


class PartWriter:
    """A file of a draft while its bytes come. It is added by `end`, or not at all."""

    def __init__(
        self, path: str, part: PartToSend, base: Callable[[], tuple[Artifact, Chunks] | None]
    ) -> None:
        self._path = path
        self._part = part
        self._sender = StreamSender(part.connection, part.check, base)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes, and sends them in pieces of 8 MiB."""
        self._sender.write(data)

    def end(self) -> AddedPart:
        """Sends the rest, and adds the file."""
        return added_of(self._part.put([{"path": self._path, **self._sender.end()}]))


def added_of(facts: Json) -> AddedPart:
    return AddedPart(facts["added"], facts["files"], facts["size"])


@checked_methods
class Draft(Worded):
    """A version that many programs write, on any machine, and one of them commits.

    Create it with `registry.draft(name, id)`. The same name and id are the same draft. It can be
    pickled, so workers of a pool can add to it.
    """

    def __init__(
        self,
        connection: Connection,
        name: str,
        id: str,
        earlier: Callable[[], Artifact | None],
    ) -> None:
        encode_segment(name)  # refuses what cannot be a name
        encode_segment(id, "id")
        self.name: str = name
        self.id: str = id
        self._connection = connection
        self._earlier = earlier
        self._latest: tuple[Artifact | None, dict[str, File]] | None = None

    def __repr__(self) -> str:
        return f"Draft({self.name!r}, {self.id!r})"

    def add(
        self,
        path: str,
        content: Any,
        *,
        part: str | None = None,
        compress: str | None = None,
        progress: bool | None = None,
    ) -> AddedPart:
        """Adds a file or a folder as a part, all or nothing.

        `content` is bytes, a `pathlib.Path` of a file or a folder, or a stream: a file that is open
        for reading, or an iterator of bytes. `path` is its path in the version; the files of a
        folder are below it, or keep their paths if it is "". The part has the name `part`, by
        default `path`. If it exists, it stays as it is: a worker may be killed and add it again.
        Once this has returned, each later `commit()` has the part.

        Raises `Conflict` if the draft is committed, being committed, discarded or abandoned.
        """
        part = self._part_of(path, part)
        sent = PartToSend(self._connection, f"{self._route()}/parts/{quote(part)}", compress)
        chunks = chunks_of(content)
        if chunks is None:
            files = self._files_of(path, content)
            if not are_inline(sizes_of(self.name, files)):
                sent.check()
            return added_of(
                with_files(self._connection, self.name, files, sent.put, progress, self._earlier)
            )
        writer = PartWriter(path, sent, lambda: None)
        for chunk in chunks:
            if not is_binary(chunk):
                state = f"its chunks are of the type {type(chunk).__name__}"
                raise self._refused(state, 'Open the file in mode "rb", or yield bytes.')
            writer.write(chunk)
        return writer.end()

    def writer(
        self, path: str, part: str | None = None, only_new_bytes: bool = False
    ) -> PartWriter:
        """Returns a writer, which adds a file when all of its bytes are written.

        With `only_new_bytes`, bytes of the latest version are not sent. If that version is deleted
        meanwhile, or is damaged, the file is not added: write it again, with all bytes.
        """
        route = f"{self._route()}/parts/{quote(self._part_of(path, part))}"
        base = partial(self._base, path) if only_new_bytes else lambda: None
        return PartWriter(path, PartToSend(self._connection, route, None), base)

    def _base(self, path: str) -> tuple[Artifact, Chunks] | None:
        """Returns the latest version, and the chunks of its file."""
        if self._latest is None:
            opened = self._earlier()
            files = opened.files if opened else []
            self._latest = opened, {each.path: each for each in files if each.mode is None}
        latest, files_by_path = self._latest
        file = files_by_path.get(path)
        if latest is None or file is None:
            return None
        if file.size <= PIECE_BYTES:  # it may have no list
            return latest, Chunks.of_one(file.size, file.sha256)
        chunks = chunks_in(self._connection, latest, path, file.size)
        return None if chunks is None or chunks.average > MOST_AVERAGE else (latest, chunks)

    def info(self) -> DraftInfo:
        """Returns the state of the draft, and its parts; those of the version once committed."""
        facts = self._connection.json("GET", self._route())
        parts = {each["part"]: each["addedAt"] for each in facts["parts"]}
        return DraftInfo(facts["state"], facts.get("version"), parts)

    def files(self) -> list[DraftFile]:
        """Returns the files of all parts, in the order of their paths."""
        facts = self._connection.json("GET", f"{self._route()}?files=true")
        return [
            DraftFile(each["path"], each["size"], each["sha256"], each["part"], each.get("mode"))
            for each in facts["files"]
        ]

    def commit(
        self,
        *,
        version: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        inputs: str | Artifact | Sequence[str | Artifact] | None = None,
        alias: str | Sequence[str] | None = None,
        parts: Sequence[str] | None = None,
    ) -> Saved:
        """Saves all parts, or exactly those in `parts`, as one version.

        The other options are those of `save`. A repeat, also by another program, returns the same
        version, and sets an alias that is still missing.

        Raises `NotFound` for a missing part, `Invalid` if two parts have the same path, `Conflict`
        if the draft was discarded, abandoned or committed with other parts.
        """
        request = request_of(self.name, version, metadata, inputs, alias)
        request["parts"] = None if parts is None else list(parts)
        path = f"{self._route()}/commit"
        return saved_of(self._connection.json("POST", path, sent_members(request)))

    def discard(self) -> bool:
        """Discards the draft. Returns False if it is empty, or a commit has begun."""
        return bool(self._connection.json("DELETE", self._route()).get("discarded"))

    def _route(self) -> str:
        return f"{path_of(self.name)}/drafts/{quote(self.id)}"

    def _part_of(self, path: str, part: str | None) -> str:
        part = path if part is None else part
        try:
            encode_segment(part, "part")
        except HoldfastError as error:
            hint = 'Pass a name for the part: part="0".'
            raise HoldfastError("Invalid", error.message, hint) from None
        return part

    def _files_of(self, path: str, content: Any) -> list[FileToSend]:
        if is_binary(content):
            return [FileToSend(path, bytes(content))]
        if not isinstance(content, os.PathLike):
            state = f"content of the type {type(content).__name__}"
            hint = "Pass bytes, a pathlib.Path, a file that is open in mode rb, or chunks of bytes."
            raise self._refused(state, hint)
        place = Path(cast("os.PathLike[str]", content))
        try:
            kind, files = files_at(place)
        except OSError as error:
            raise disk_error(f"add to {self._spoken()}", error) from error
        if kind == "file":
            return [files[0]._replace(path=path)]
        return [file._replace(path=f"{path}/{file.path}" if path else file.path) for file in files]

    def _spoken(self) -> str:
        return f"draft {quoted(self.id)} of {quoted(self.name)}"

    def _refused(self, state: str, hint: str) -> HoldfastError:
        return HoldfastError("Invalid", f"Cannot add to {self._spoken()}: {state}", hint)


def chunks_of(content: Any) -> Iterator[Any] | None:
    """Returns the chunks of a stream, None for content that is not one."""
    read = getattr(content, "read", None)
    if callable(read):
        return iter(partial(read, CHUNK), b"")
    return content if is_iterator(content) else None
