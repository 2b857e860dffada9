"""`holdfast://` paths for fsspec, and so for pandas, polars, DuckDB, PyArrow, Dask and zarr."""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportIncompatibleMethodOverride=false, reportAssignmentType=false

from __future__ import annotations

import difflib
import errno
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem, make_instance

from .artifacts.artifact import Artifact
from .artifacts.registry import Registry
from .core.arguments import checked
from .core.errors import HoldfastError, Invalid, NotFound, quoted
from .core.records import milliseconds
from .files.file import File
from .locations import open_registry

OPTIONS = ["registry", "fresh_for", "token", "s3", "gcs", "timeout"]
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
    """Reads files of versions: `holdfast://NAME@SELECTOR/PATH`.

    The selector is a version, a range, an alias or `latest`. Without `@SELECTOR`, the name ends at
    the first `/`, and the latest version is read. Options:

    registry: the location, or a `Registry`; by default `$HOLDFAST_REGISTRY`, else `./.holdfast`.
    fresh_for: seconds for which a ref means the same data (10). Then it is looked up again, as
        aliases move and versions are deleted or, in a mutable registry, overwritten.
    token, s3, gcs, timeout: see `open_registry`.
    """

    protocol = "holdfast"
    root_marker = ""

    @checked
    def __init__(
        self,
        registry: str | Path | Registry | None = None,
        fresh_for: float = 10,
        token: str | None = None,
        s3: Any = None,
        gcs: Any = None,
        timeout: float = 60,
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

    def __reduce__(self) -> Any:
        if not any(each in self.storage_options for each in ("s3", "gcs")):
            return super().__reduce__()
        rest = {key: each for key, each in self.storage_options.items() if key not in OPTIONS}
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

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        path = self._strip_protocol(path)
        if not path:
            found = [folder_info(f"{name}@latest") for name in self.registry.names()]
        else:
            artifact, ref, inner = self.artifact(path)
            found = children(artifact, ref, inner)
            if not found:
                found = [self.info(path)]
        return found if detail else [each["name"] for each in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        path = self._strip_protocol(path)
        if not path:
            return folder_info("")
        artifact, ref, inner = self.artifact(path)
        if not inner:
            return folder_info(ref)
        for file in shown(artifact):
            if file.path == inner:
                return file_info(artifact, ref, file)
            if file.path.startswith(f"{inner}/"):
                return folder_info(f"{ref}/{inner}")
        raise FileNotFoundError(errno.ENOENT, f"{artifact.ref} has no such file", path)

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        file = self._file(path)
        if start is None and end is None:
            return file.read()
        first, last, _step = slice(start, end).indices(file.size)
        return file.range(first, max(last - first, 0))

    def ukey(self, path: str) -> str:
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

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode != "rb":
            self._refuse(path)
        file = self._file(path)
        if file.is_small:
            options["cache_type"] = "all"
        return RangedFile(self, path, mode, file=file, **{**options, "size": file.size})

    def _refuse(self, path: str, *_: Any, **__: Any) -> Any:
        raise OSError(errno.EROFS, "holdfast:// is read-only; save through a service", path)

    cp_file = mkdir = makedirs = rm_file = rmdir = _refuse


class RangedFile(AbstractBufferedFile):  # type: ignore[misc,unused-ignore]
    """A large file, which is read by ranges."""

    def __init__(self, *arguments: Any, file: File, **options: Any) -> None:
        self._file = file
        super().__init__(*arguments, **options)

    def _fetch_range(self, start: int, end: int) -> bytes:
        return self._file.range(start, end - start)


def shown(artifact: Artifact) -> list[File]:
    """Returns the files that have paths here: no links and no empty folders."""
    return [file for file in artifact.files if file.mode in (None, "executable")]


def children(artifact: Artifact, ref: str, folder: str) -> list[dict[str, Any]]:
    prefix = f"{folder}/" if folder else ""
    found: dict[str, dict[str, Any]] = {}
    for file in shown(artifact):
        if file.path.startswith(prefix):
            child, below, _ = file.path[len(prefix) :].partition("/")
            name = f"{ref}/{prefix}{child}"
            found[name] = folder_info(name) if below else file_info(artifact, ref, file)
    return list(found.values())


def folder_info(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}


def file_info(artifact: Artifact, ref: str, file: File) -> dict[str, Any]:
    return {
        "name": f"{ref}/{file.path}",
        "size": file.size,
        "type": "file",
        "sha256": file.sha256,
        "created": artifact.created_at,
    }
