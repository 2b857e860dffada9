"""A new version that is written by paths."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .artifacts.artifact import Artifact
from .artifacts.registry import Registry
from .client.saving import Saved, request_of
from .core.arguments import checked, checked_methods
from .core.errors import HoldfastError
from .core.words import Worded
from .locations import open_registry
from .paths.blocks import begin_block, end_block


@checked
def version(
    name: str,
    registry: str | Path | Registry | None = None,
    *,
    id: str | None = None,
    version: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    inputs: str | Artifact | Sequence[str | Artifact] | None = None,
    alias: str | Sequence[str] | None = None,
    token: str | None = None,
    timeout: float = 60,
) -> NewVersion:
    """Opens a new version of a name, whose files are written by their paths. Needs fsspec.

        with holdfast.version("data:raw", registry, alias="production") as new:
            with new.open("a.parquet", "wb") as file:
                frame.to_parquet(file)

    At the end of the block, all files become one version. If the block fails or the program is
    killed, there is no version. Programs with the same `id` write the same version, and one of them
    commits it: the others use no `with`. If a block with an `id` fails, its files stay for the
    others, or for another run.

    `registry` is a registry or its location: see `open_registry`. Other options are those of
    `save`.
    """
    request_of(name, version, metadata, inputs, alias)  # refuses what cannot be saved
    if not isinstance(registry, Registry):
        registry = open_registry(registry, token=token, timeout=timeout)
    options = {"version": version, "metadata": metadata, "inputs": inputs, "alias": alias}
    return NewVersion(registry, name, id, options)


@checked_methods
class NewVersion(Worded):
    """A new version, whose files are written by their paths. Create it with `holdfast.version`.

    Paths are those in the version. Other packages write to `url(path)` with `storage_options`, or
    to `path(path)` of the file system `fs`.
    """

    def __init__(
        self, registry: Registry, name: str, id: str | None, options: dict[str, Any]
    ) -> None:
        try:
            from .filesystem import HoldfastFileSystem
        except ImportError as error:
            message = f"Cannot write files by paths: fsspec cannot be imported ({error})"
            raise HoldfastError("Unsupported", message, "Run `pip install fsspec`.") from None
        self.name = name
        self.id = str(uuid.uuid4()) if id is None else id
        self.storage_options: dict[str, Any] = {"registry": registry, "draft": self.id}
        """What fsspec, pandas and others need beside `url(path)`, also in other processes."""
        self.fs: Any = HoldfastFileSystem(registry, draft=self.id)
        self.saved: Saved | None = None
        """The version, once it is committed."""
        self._is_alone = id is None
        self._is_discarded = False
        self._options = options
        writable: Any = registry
        self._draft = writable.draft(name, self.id)
        self._registry = registry

    def __repr__(self) -> str:
        return f"NewVersion({self.name!r}, {self.id!r})"

    def path(self, path: str = "") -> str:
        """Returns the path of a file for `fs`."""
        return f"{self.name}@/{path}".rstrip("/")

    def url(self, path: str = "") -> str:
        """Returns the URL of a file, for other packages."""
        return f"holdfast://{self.path(path)}"

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        """Opens a file: `wb` or `w` writes it, `ab` or `a` appends to it, `xb` fails if it exists.

        It is sent while it is written, and added to the version when it is closed. This program can
        read what it wrote: files of up to 16 MiB, and the latest 64 MiB of them.
        """
        return self.fs.open(self.path(path), mode, **options)

    def put(self, local: str | Path, path: str = "") -> None:
        """Copies a file, or the files of a folder, from this machine.

        A link to a file is copied as that file. Links to folders, empty folders and executable bits
        are left out: `save` with the `Path` of a folder keeps them.
        """
        place = Path(local)
        if not place.is_dir():
            self.fs.put_file(str(place), self.path(path or place.name))
            return
        for file in sorted(each for each in place.rglob("*") if each.is_file()):
            below = file.relative_to(place).as_posix()
            self.fs.put_file(str(file), self.path(f"{path}/{below}" if path else below))

    def pipe(self, path: str, data: bytes | bytearray | memoryview) -> None:
        """Writes bytes as a file."""
        self.fs.pipe_file(self.path(path), data)

    def cp(self, source: str, path: str) -> None:
        """Copies a file: of this version, or of another one, `name@1.0.0/file.bin`."""
        own = self.path(source)
        is_other = "@" in source and not self.fs.exists(own)
        self.fs.cp_file(source if is_other else own, self.path(path))

    def rm(self, path: str, recursive: bool = False) -> None:
        """Removes a file, or all files of a folder."""
        self.fs.rm(self.path(path), recursive=recursive)

    def files(self) -> list[str]:
        """Returns the paths of all files, also of those that other programs wrote."""
        begin = len(self.path()) + 1
        return sorted(each[begin:] for each in self.fs.find(self.path()))

    def commit(self, **options: Any) -> Saved:
        """Saves all files as one version. Options replace those of `holdfast.version`."""
        saved: Saved = self.fs.commit(self.name, **{**self._options, **options})
        self.saved = saved
        return saved

    def discard(self) -> bool:
        """Discards all files. Returns False if there are none, or a commit has begun."""
        self._is_discarded = True
        return bool(self._draft.discard())

    def __enter__(self) -> NewVersion:
        begin_block(self, self._registry, self._draft)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if self.saved is not None or self._is_discarded:
                return
            if kind is None:
                self.commit()
            elif self._is_alone:
                with suppress(HoldfastError):  # the first error is the one to show
                    self.discard()
        finally:
            end_block(self, self._registry, self._draft)
