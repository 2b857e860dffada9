"""Saves through a service."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, NamedTuple

from ..artifacts.artifact import Artifact
from ..core.errors import Conflict, Corrupt, HoldfastError, Json, NotFound, quoted
from ..core.metadata import checked_json
from ..core.versions import check_alias
from ..files.temporary import temporary_error, temporary_folder
from ..values.objects.objects import object_folder, serializer_of
from ..values.serializers import FileToSend, files_of, refuse_path
from .connection import Connection
from .paths import path_of
from .sending import are_inline, send_files, size_of


class Saved(NamedTuple):
    """A saved version."""

    name: str
    version: str
    commit: str
    digest: str
    size: int
    created_at: str
    skipped: bool
    """Nothing was written: the version existed, or the content is the same."""

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"


def saved_of(facts: Json) -> Saved:
    names = ("name", "version", "commit", "digest", "size", "createdAt", "skipped")
    return Saved(*(facts[each] for each in names))


def request_of(
    name: str,
    version: str | None,
    metadata: Mapping[str, Any] | None,
    inputs: str | Artifact | Sequence[str | Artifact] | None,
    alias: str | Sequence[str] | None,
) -> Json:
    """Returns the request of a save without its files. Members that are None are not sent."""
    if isinstance(inputs, (str, Artifact)):
        inputs = [inputs]
    aliases = [alias] if isinstance(alias, str) else list(alias or [])
    for each in aliases:
        check_alias(each)  # before anything is saved
    return {
        "version": version,
        "metadata": checked_json(metadata, f"save {quoted(name)}", "metadata"),
        "inputs": [input_of(each) for each in inputs or []] or None,
        "alias": aliases or None,
    }


def input_of(value: str | Artifact) -> str | Json:
    return value if isinstance(value, str) else {"ref": value.ref, "digest": value.digest}


@contextmanager
def files_to_save(
    name: str, value: Any, text: bool
) -> Generator[tuple[Json, list[FileToSend]], None, None]:
    """Yields the materializer of a value, and its files, which exist in the block."""
    if text and not isinstance(value, str):
        message = f"Cannot save {quoted(name)} as text: it has the type {type(value).__name__}"
        raise HoldfastError("Invalid", message, "Leave out text=True.")
    if not text:
        refuse_path(name, value)
    with ExitStack() as stack:
        folder = cache(lambda: stack.enter_context(temporary_folder()))
        try:
            row = serializer_of(value)
            found = value if row is None else stack.enter_context(object_folder(value, row))
            materializer, files = files_of(found, folder)
            if row is not None and type(row.serializer).__module__.startswith("holdfast."):
                files = [file._replace(given=True) for file in files]  # others may keep their files
        except OSError as error:
            raise temporary_error(f"save {quoted(name)}", error) from error
        yield {"id": materializer, "formatVersion": 1}, files


def sent_members(request: Json) -> Json:
    return {member: value for member, value in request.items() if value is not None}


def save_files(
    connection: Connection,
    name: str,
    request: Json,
    files: list[FileToSend],
    progress: bool | None,
    earlier: Callable[[], Artifact | None],
) -> Saved:
    """Sends files, and saves a version of them. `earlier` opens one of which bytes are reused."""
    path = f"{path_of(name)}/versions"
    request = {"idempotencyKey": new_key(), **sent_members(request)}
    if not are_inline(sizes_of(name, files)):
        check_request(connection, "POST", path, request)

    def save(sent: list[Json]) -> Json:
        return connection.json("POST", path, {**request, "files": sent})

    direct = "compress" not in request  # else the service needs the bytes
    return saved_of(with_files(connection, name, files, save, progress, earlier, direct))


def sizes_of(name: str, files: list[FileToSend]) -> list[int]:
    try:
        return [size_of(file.content) for file in files]
    except OSError as error:
        raise temporary_error(f"save {quoted(name)}", error) from error


def check_request(connection: Connection, method: str, path: str, request: Json) -> None:
    """Sends a request without its files: saves nothing, and raises what the service refuses."""
    body, headers = json.dumps(request).encode(), {"content-type": "application/json"}
    connection.write(method, path, body, headers)


def with_files(
    connection: Connection,
    name: str,
    files: list[FileToSend],
    use: Callable[[list[Json]], Json],
    progress: bool | None,
    earlier: Callable[[], Artifact | None],
    direct: bool = True,
) -> Json:
    """Sends files, and returns what the request with them does.

    `earlier` opens a version of which bytes are reused. The request is sent once more, with all
    bytes, if that version was deleted or overwritten meanwhile, or is damaged.
    """
    for base in (earlier, lambda: None):
        sent: list[Json] = []
        try:
            with send_files(connection, name, files, progress, base, direct) as sent:
                return use(sent)
        except (Conflict, Corrupt, NotFound):
            if not any("earlier" in file for file in sent):
                raise
        except OSError as error:
            raise temporary_error(f"save {quoted(name)}", error) from error
    raise AssertionError


def new_key() -> str:
    return str(uuid.uuid4())
