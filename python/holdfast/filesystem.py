"""`holdfast://` paths for fsspec, and so for pandas, polars, DuckDB, PyArrow, Dask and zarr."""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportIncompatibleMethodOverride=false, reportAssignmentType=false

from __future__ import annotations

import difflib
import errno
import io
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fsspec.compression import compr
from fsspec.core import get_compression
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem, make_instance

from .artifacts.artifact import Artifact
from .artifacts.registry import Registry
from .client.saving import Saved
from .core.arguments import checked
from .core.errors import HoldfastError, Invalid, NotFound, quoted
from .core.records import milliseconds
from .files.file import File
from .locations import open_registry
from .paths.blocks import begin_block, end_block
from .paths.infos import children, file_info, folder_info, new_info, shown
from .paths.opened_files import CompressedFile, NewFile, NewText, RangedFile
from .paths.transaction import NewVersions
from .paths.written import Written, WrittenByName, WrittenFile, written_with

OPTIONS = ["registry", "fresh_for", "token", "s3", "gcs", "timeout", "draft"]
FSSPEC_OPTIONS = "asynchronous loop use_listings_cache listings_expiry_time max_paths batch_size"


class Cached(type(AbstractFileSystem)):  # type: ignore[misc,unused-ignore]
    """Returns one instance for the same options, unless they have a `Registry`.

    fsspec compares options by their text, which has no token and no client.
    """

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        if isinstance([*arguments, options.get("registry")][0], Registry):
            options["skip_instance_cache"] = True
        return super().__call__(*arguments, **options)


class HoldfastFileSystem(AbstractFileSystem, metaclass=Cached):  # type: ignore[misc,unused-ignore]
    """Reads files of versions, and writes new versions: `holdfast://NAME@SELECTOR/PATH`.

    The selector is a version, a range, an alias or `latest`. Without `@SELECTOR`, the name ends at
    the first `/`, and the latest version is read.

    In `with fs.transaction`, or with the option `draft`, files can be written: `NAME/PATH` and
    `NAME@/PATH` are then those of the new version. Options:

    registry: the location, or a `Registry`; by default `$HOLDFAST_REGISTRY`, else `./.holdfast`.
    fresh_for: seconds for which a ref means the same data (10). Then it is looked up again, as
        aliases move and versions are deleted or, in a mutable registry, overwritten.
    token, s3, gcs, timeout: see `open_registry`.
    draft: the id of the draft of each name that is written. All programs with the same id write
        the same new version, until one calls `commit(name)`.
    """

    protocol = "holdfast"
    root_marker = ""
    transaction_type = NewVersions

    @checked
    def __init__(
        self,
        registry: str | Path | Registry | None = None,
        fresh_for: float = 10,
        token: str | None = None,
        s3: Any = None,
        gcs: Any = None,
        timeout: float = 60,
        draft: str | None = None,
        **storage_options: Any,
    ) -> None:
        odd = [each for each in storage_options if each not in FSSPEC_OPTIONS.split()]
        if odd or not fresh_for >= 0:
            state = f"unknown option {quoted(odd[0])}" if odd else f"fresh_for is {fresh_for}"
            near = difflib.get_close_matches(odd[0], OPTIONS, 1) if odd else []
            hint = f"Pass {near[0] if near else ', '.join(OPTIONS)}." if odd else "Pass 0 or more."
            raise HoldfastError("Invalid", f"Cannot open holdfast://: {state}", hint)
        super().__init__(**storage_options)
        if not isinstance(registry, Registry):
            registry = open_registry(registry, token=token, s3=s3, gcs=gcs, timeout=timeout)
        self.registry = registry
        self._fresh_for = fresh_for
        self._opened: dict[str, tuple[Artifact, float]] = {}
        self._draft = draft
        shared = None if draft is None else written_with(registry, draft)
        self._written = WrittenByName() if shared is None else shared
        self._in_block: dict[str, Written] = {}
        """What this file system, and no other, wrote in its transaction, by name."""

    def __reduce__(self) -> Any:
        if not any(each in self.storage_options for each in ("s3", "gcs")):
            return super().__reduce__()
        rest = {key: each for key, each in self.storage_options.items() if key not in OPTIONS}
        rest["draft"] = self._draft
        return make_instance, (type(self), (self.registry, self._fresh_for), rest)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        found = super()._strip_protocol(path)
        return found.lstrip("/") if isinstance(found, str) else found  # Dask adds one to folders

    def artifact(self, path: str) -> tuple[Artifact, str, str]:
        """Returns the version of a path, its ref as in the path, and the path in it."""
        path = self._strip_protocol(path)
        name, at, rest = path.partition("@")
        if at:
            selector, _, inner = rest.partition("/")
            ref = f"{name}@{selector}"
        else:
            ref, _, inner = path.partition("/")
        try:
            return self._open_ref(ref, path), ref, inner
        except FileNotFoundError:
            if not at or "/" not in name:
                raise
            ref, _, inner = path.partition("/")  # the `@` is of a file
            return self._open_ref(ref, path), ref, inner

    def _open_ref(self, ref: str, path: str) -> Artifact:
        artifact, until = self._opened.get(ref, (None, 0.0))
        if artifact is None or time.monotonic() > until:
            try:
                artifact = self.registry.open(ref)
            except (Invalid, NotFound) as error:
                raise FileNotFoundError(errno.ENOENT, str(error), path) from error
            self._opened[ref] = (artifact, time.monotonic() + self._fresh_for)
        return artifact

    def invalidate_cache(self, path: str | None = None) -> None:
        self._opened.clear()

    def _new(self, path: str) -> tuple[Written, str, str] | None:
        """Returns the new version of a path, its ref as in the path, and the path in it.

        None for a path of a version that exists.
        """
        if not self._intrans and self._draft is None:
            return None
        name, at, rest = path.partition("@")
        if at and rest[:1] not in ("", "/"):
            return None
        if not at:
            name, _, rest = path.partition("/")
        if not name:
            return None
        written = self._written.get(name)
        if written is None:
            registry: Any = self.registry  # one that only reads raises an error with a hint
            draft = registry.draft(name, self._draft or str(uuid.uuid4()))
            fresh = Written(draft, is_shared=self._draft is not None)
            written = self._written.setdefault(name, fresh)
        return written, f"{name}{at}", rest.lstrip("/")

    def _new_or_refused(self, path: str) -> tuple[Written, str]:
        new = self._new(path)
        if new is None and (self._intrans or self._draft is not None):
            state = "versions never change; write to NAME/PATH or NAME@/PATH, the new version"
        elif new is None:
            state = "write in `with fs.transaction`, in `holdfast.version(name)`, or with `draft=`"
        elif not new[2]:
            state = "give a path in the new version"
        else:
            name = new[0].draft.name
            if self._intrans and name not in self._in_block:
                begin_block(self, self.registry, new[0].draft)
                self._in_block[name] = new[0]
            return new[0], new[2]
        raise OSError(errno.EROFS, f"holdfast:// is read-only here: {state}", path)

    def take_written(self) -> list[Written]:
        """Returns what was written in the transaction, and forgets it."""
        written, self._in_block = list(self._in_block.values()), {}
        return written

    def leave(self, written: Written) -> None:
        """Discards what was written, unless other programs write it too."""
        if not written.is_shared and written.has_parts:
            written.draft.discard()

    def end_blocks(self, blocks: list[Written]) -> None:
        """Ends the blocks of a transaction. Shared drafts stay until they are saved."""
        for written in blocks:
            if written.is_saved or not written.is_shared:
                self._written.pop(written.draft.name, None)
            end_block(self, self.registry, written.draft)

    def own_parts(self, name: str) -> dict[str, str]:
        """Returns the parts of the files that this program wrote, by their paths in the version."""
        new = self._new(f"{name}@")
        return {} if new is None else new[0].own_parts()

    def commit(self, name: str, **options: Any) -> Saved:
        """Saves what all programs wrote with the same `draft` as a version of a name.

        The options are those of `Draft.commit`.
        """
        new = self._new(f"{name}@")
        if new is None:
            message = f"Cannot commit {quoted(name)}: this file system has no draft"
            hint = 'Pass its id: fsspec.filesystem("holdfast", draft="job-7").'
            raise HoldfastError("Invalid", message, hint)
        saved = new[0].commit(**options)
        self._written.pop(name, None)
        if self._in_block.pop(name, None) is not None:
            end_block(self, self.registry, new[0].draft)
        self.invalidate_cache()
        return saved

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        path = self._strip_protocol(path)
        if not path:
            found = [folder_info(f"{name}@latest") for name in self.registry.names()]
        elif new := self._new(path):
            written, ref, inner = new
            files = [new_info(ref, inner, each.size) for inner, each in written.files().items()]
            folders = [folder_info(f"{ref}/{each}") for each in written.folders]
            found = children([*files, *folders], ref, inner) or [self.info(path)]
            found = [] if found[0]["name"] == path and found[0]["type"] == "directory" else found
        else:
            artifact, ref, inner = self.artifact(path)
            found = children(
                [file_info(artifact, ref, each) for each in shown(artifact)], ref, inner
            )
            if not found:
                found = [self.info(path)]
        return found if detail else [each["name"] for each in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        path = self._strip_protocol(path)
        if not path:
            return folder_info("")
        if new := self._new(path):
            return self._new_info(path, *new)
        artifact, ref, inner = self.artifact(path)
        if not inner:
            return folder_info(ref)
        for file in shown(artifact):
            if file.path == inner:
                return file_info(artifact, ref, file)
            if file.path.startswith(f"{inner}/"):
                return folder_info(f"{ref}/{inner}")
        raise FileNotFoundError(errno.ENOENT, f"{artifact.ref} has no such file", path)

    def exists(self, path: str, **_: Any) -> bool:  # that of fsspec hides an outage
        try:
            return bool(self.info(path))
        except FileNotFoundError:
            return False

    def isfile(self, path: str) -> bool:
        try:
            return bool(self.info(path)["type"] == "file")
        except FileNotFoundError:
            return False

    def _new_info(self, path: str, written: Written, ref: str, inner: str) -> dict[str, Any]:
        file = written.find(inner)
        if file is not None:
            return new_info(ref, inner, file.size)
        is_folder = inner in written.folders or not inner
        if is_folder or any(each.startswith(f"{inner}/") for each in written.files()):
            return folder_info(path)
        raise FileNotFoundError(errno.ENOENT, "the new version has no such file", path)

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        path = self._strip_protocol(path)
        if new := self._new(path):
            return self._new_bytes(path, new[0].find(new[2]))[start:end]
        file = self._file(path)
        if start is None and end is None:
            return file.read()
        first, last, _step = slice(start, end).indices(file.size)
        return file.range(first, max(last - first, 0))

    def _new_bytes(self, path: str, file: WrittenFile | None) -> bytes:
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "the new version has no such file", path)
        if file.content is None:
            state = "this program has no copy of it: others wrote it, or it is larger than 16 MiB"
            raise OSError(errno.EOPNOTSUPP, f"cannot read it before the commit: {state}", path)
        return file.content

    def ukey(self, path: str) -> str:
        path = self._strip_protocol(path)
        if new := self._new(path):
            file = new[0].find(new[2])
            return file.part if file else self.info(path)["name"]
        return self._file(path).sha256

    checksum = ukey

    def created(self, path: str) -> datetime:
        at = milliseconds(self.artifact(path)[0].created_at) / 1000
        return datetime.fromtimestamp(at, timezone.utc)

    modified = created

    def _file(self, path: str) -> File:
        artifact, _, inner = self.artifact(path)
        for file in shown(artifact):
            if file.path == inner:
                return file
        raise FileNotFoundError(errno.ENOENT, f"{artifact.ref} has no such file", path)

    def open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        cache_options: Any = None,
        compression: str | None = None,
        **options: Any,
    ) -> Any:
        if "r" in mode and "+" not in mode:
            return super().open(path, mode, block_size, cache_options, compression, **options)
        if mode[:1] not in ("w", "a", "x"):
            raise io.UnsupportedOperation(f"cannot open {path} in the mode {mode!r}: use w, a or x")
        text = {each: options.pop(each, None) for each in ("encoding", "errors", "newline")}
        path = self._strip_protocol(path)
        file: Any = super().open(path, f"{mode[:1]}b", block_size, **options)
        compression = get_compression(path, compression)
        if compression is not None:
            file = CompressedFile(compr[compression](file, mode="w"), file)
        return file if "b" in mode else NewText(file, **text)

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode != "rb":
            return self._open_new(path, mode, options.get("only_new_bytes", False))
        if self._new(path):
            data = self.cat_file(path)
            return AbstractBufferedFile(self, path, mode, cache_type="all", size=len(data))
        file = self._file(path)
        if file.is_small:
            options["cache_type"] = "all"
        return RangedFile(self, path, mode, file=file, **{**options, "size": file.size})

    def _open_new(self, path: str, mode: str, only_new_bytes: bool = False) -> NewFile:
        written, inner = self._new_or_refused(path)
        before = written.find(inner) if mode in ("ab", "xb") else None
        if before is not None and mode == "xb":
            raise FileExistsError(errno.EEXIST, "the new version has this file", path)
        data = b"" if before is None else self._new_bytes(path, before)
        file = NewFile(self, path, written, inner, only_new_bytes)
        file.write(data)
        return file

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
            return
        with self._open_new(path2, "wb") as file:
            for chunk in self._chunks(path1):
                file.write(chunk)

    def _chunks(self, path: str) -> Iterator[bytes]:
        return iter([self.cat_file(path)]) if self._new(path) else self._file(path).chunks()

    def rm_file(self, path: str) -> None:
        path = self._strip_protocol(path)
        if self.info(path)["type"] == "directory":
            self.rmdir(path)
        else:
            written, inner = self._new_or_refused(path)
            written.remove(inner)

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        path = self._strip_protocol(path)
        new = self._new(path)
        if new is None or new[2]:
            written, inner = self._new_or_refused(path)
            written.folders.add(inner)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        self.mkdir(path)

    def rmdir(self, path: str) -> None:
        path = self._strip_protocol(path)
        new = self._new(path)
        if new is None or new[2]:
            written, inner = self._new_or_refused(path)
            written.folders.discard(inner)
