"""Checkpoints of torch.distributed.checkpoint: each is a version, whole or absent."""

# PyTorch may be absent.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false, reportUntypedBaseClass=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch
from torch.distributed.checkpoint.filesystem import (
    FileSystemBase,
    FileSystemReader,
    FileSystemWriter,
)
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta
from torch.distributed.checkpoint.storage import WriteResult
from torch.futures import Future

from .artifacts.artifact import Artifact
from .artifacts.registry import Registry
from .client.saving import Saved
from .core.arguments import checked
from .core.errors import Conflict, Corrupt, HoldfastError, Invalid, NotFound, quoted
from .filesystem import HoldfastFileSystem
from .locations import open_registry
from .new_version import version as new_version

METADATA = ".metadata"
PATHS = ("Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath")
MOST_COPIED = 256 * 2**20
"""In bytes. Larger values are checked in place, where each jump asks the service again."""
BROKEN = (pickle.UnpicklingError, EOFError, ValueError, LookupError, TypeError, AttributeError)
"""What a pickle that is damaged, or made to be refused, raises."""


class Paths(FileSystemBase):  # type: ignore[misc,unused-ignore]
    """A file system for PyTorch, over one of fsspec."""

    def __init__(self, fs: HoldfastFileSystem) -> None:
        self.fs = fs
        self.only_new_bytes = False
        """Whether bytes that the latest version has are not sent."""

    @contextmanager
    def create_stream(self, path: Any, mode: str) -> Generator[Any, None, None]:
        options: dict[str, Any] = {"only_new_bytes": True} if self.only_new_bytes else {}
        with self.fs.open(path, mode, **options) as stream:
            yield stream

    def concat_path(self, path: Any, suffix: str) -> str:
        return f"{path}/{suffix.removesuffix('.tmp')}"

    def init_path(self, path: Any) -> str:
        return str(path)

    def rename(self, path: Any, new_path: Any) -> None:
        """Nothing to rename: `concat_path` gives a temporary file its final name.

        The version appears whole anyway, and what is sent cannot be read back to be copied.
        """

    def mkdir(self, path: Any) -> None:
        """Folders need not be made."""

    def exists(self, path: Any) -> bool:
        return bool(self.fs.exists(path))

    def rm_file(self, path: Any) -> None:
        """Nothing to remove: of two writes of a path, the last one counts."""

    @classmethod
    def validate_checkpoint_id(cls, checkpoint_id: Any) -> bool:
        return checkpoint_id is None


@dataclass(frozen=True)
class Written(WriteResult):  # type: ignore[misc,unused-ignore]
    """A rank's report on a value that it wrote."""

    part: str
    """The part of the draft with the file."""


class CheckpointWriter(FileSystemWriter):  # type: ignore[misc,unused-ignore]
    """Saves a checkpoint as a new version of a name, from all ranks.

        writer = CheckpointWriter("ckpt:net", registry, id=f"{job_id}-{step}")
        torch.distributed.checkpoint.save(state, storage_writer=writer)
        writer.saved  # on the first rank

    Every rank passes the same `id`, another one for each checkpoint. The version appears when the
    first rank has the results of all. If a rank is killed, nothing appears; a job that runs again
    with the same `id` writes it again. Bytes that the latest version has at the same place of the
    same file are not sent, and an unchanged file is stored once: `single_file_per_rank=False`
    writes one for each tensor. Other options are those of `holdfast.version`.
    """

    @checked
    def __init__(
        self,
        name: str,
        registry: str | Path | Registry | None = None,
        *,
        id: str,
        version: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        inputs: str | Artifact | Sequence[str | Artifact] | None = None,
        alias: str | Sequence[str] | None = None,
        token: str | None = None,
        timeout: float = 60,
        thread_count: int = 1,
        single_file_per_rank: bool = True,
    ) -> None:
        self.new = new_version(
            name,
            registry,
            id=id,
            version=version,
            metadata=metadata,
            inputs=inputs,
            alias=alias,
            token=token,
            timeout=timeout,
        )
        super().__init__(
            self.new.path(),
            single_file_per_rank=single_file_per_rank,
            sync_files=False,
            thread_count=thread_count,
        )
        self.fs = Paths(self.new.fs)
        self.path = self.new.path()

    @property
    def saved(self) -> Saved | None:
        """The version, on the first rank, once it is saved."""
        return self.new.saved

    def reset(self, checkpoint_id: Any = None) -> None:
        check_id(checkpoint_id, "save")
        super().reset(None)

    def prepare_local_plan(self, plan: Any) -> Any:
        if not self.use_collectives:
            message = f"Cannot save a checkpoint of {quoted(self.new.name)} without collectives"
            hint = "Leave out use_collectives=False: the first rank commits for all."
            raise HoldfastError("Unsupported", message, hint)
        return plan

    def write_data(self, plan: Any, planner: Any) -> Any:
        """Writes the files of this rank.

        Writes them again with all bytes, if the latest version was deleted or is damaged.
        """
        for only_new_bytes in (True, False):
            self.fs.only_new_bytes = only_new_bytes
            try:
                written = super().write_data(plan, planner)
            except (Conflict, Corrupt, Invalid, NotFound):
                if not only_new_bytes:
                    raise
                continue
            finally:
                self.fs.only_new_bytes = False
            if len(written.value()) == len(plan.items):
                return self._with_parts(written.value())
        # PyTorch ignores errors of its threads, and would save a checkpoint without these values.
        message = f"Cannot save a checkpoint of {quoted(self.new.name)}: a thread wrote no file"
        raise HoldfastError("Unknown", message, "Save it again: the output has the thread's error.")

    def _with_parts(self, results: list[WriteResult]) -> Future[list[WriteResult]]:
        parts = self.new.fs.own_parts(self.new.name)
        done: Future[list[WriteResult]] = Future()
        done.set_result(
            [
                Written(
                    each.index,
                    each.size_in_bytes,
                    each.storage_data,
                    parts[each.storage_data.relative_path],
                )
                for each in results
            ]
        )
        return done

    def finish(self, metadata: Any, results: Any) -> None:
        super().finish(metadata, results)
        parts = {each.part for of_rank in results for each in of_rank}
        own = self.new.fs.own_parts(self.new.name)[METADATA]
        # Files of these paths that another try has left may be newer by the clock of its machine.
        self.new.commit(parts=[own, *sorted(parts)])


class CheckpointReader(FileSystemReader):  # type: ignore[misc,unused-ignore]
    """Loads a checkpoint, into a job with any number of ranks.

        reader = CheckpointReader("ckpt:net@last", registry)
        torch.distributed.checkpoint.load(state, storage_reader=reader)

    It refuses values that are neither tensors nor plain: PyTorch would unpickle them, and run code
    of their author. `trust=True` allows it.
    """

    @checked
    def __init__(
        self,
        ref: str,
        registry: str | Path | Registry | None = None,
        *,
        trust: bool = False,
        token: str | None = None,
        timeout: float = 60,
    ) -> None:
        if not isinstance(registry, Registry):
            registry = open_registry(registry, token=token, timeout=timeout)
        self.ref: str = registry.open(ref).ref
        """The exact ref, which all ranks should read: an alias may move between them."""
        self._trust = trust
        super().__init__(self.ref)
        self.fs = Paths(HoldfastFileSystem(registry))
        self.path = self.ref

    def reset(self, checkpoint_id: Any = None) -> None:
        check_id(checkpoint_id, "load")
        super().reset(None)

    def read_metadata(self, *arguments: Any, **named: Any) -> Any:
        if self._trust:
            return super().read_metadata(*arguments, **named)
        if named.get("rank") is not None:
            raise self._refused("each rank has its own metadata")
        data = self.fs.fs.cat_file(f"{self.path}/{METADATA}")
        try:
            metadata = OfMetadata(io.BytesIO(data)).load()
        except BROKEN as error:
            raise self._refused(f"its metadata contains {error}") from error
        if type(metadata) is not Metadata:
            raise self._refused("its metadata is of another type")
        if getattr(metadata, "storage_meta", None) is None:
            metadata.storage_meta = StorageMeta()
        metadata.storage_meta.load_id = self.load_id
        return metadata

    def read_data(self, plan: Any, planner: Any) -> Any:
        if not self._trust:
            planner = CheckedPlanner(planner, self._check)
        return super().read_data(plan, planner)

    def _slice_file(self, file: Any, sinfo: Any) -> Any:
        """Refuses a compressed value, which can take a thousand times its bytes."""
        found = super()._slice_file(file, sinfo)
        if self._trust:
            return found
        if sinfo.length <= MOST_COPIED:
            found = io.BytesIO(found.read())
        is_packed = bool(getattr(sinfo, "transform_descriptors", None))
        with suppress(BadZipFile), ZipFile(found) as archive:  # PyTorch refuses damaged ones
            is_packed = is_packed or any(each.compress_type for each in archive.infolist())
        if is_packed:
            raise self._refused("its values are compressed")
        found.seek(0)
        return found

    def _check(self, item: Any, data: bytes) -> None:
        """Reads a value without running code."""
        try:
            torch.load(io.BytesIO(data), weights_only=True)
        except (*BROKEN, RuntimeError) as error:
            raise self._refused(f"{quoted(item.storage_index.fqn)} is not a plain value") from error

    def _refused(self, state: str) -> HoldfastError:
        message = f"Cannot load the checkpoint {quoted(self.ref)}: {state}"
        hint = "If you trust its author, pass trust=True: it may run code of the author."
        return HoldfastError("Invalid", message, hint)


class CheckedPlanner:
    """A planner whose values are checked: the very bytes that it loads, as PyTorch decoded them."""

    def __init__(self, planner: Any, check: Callable[[Any, bytes], None]) -> None:
        self._planner = planner
        self._check = check

    def __getattr__(self, name: str) -> Any:
        return getattr(self._planner, name)

    def load_bytes(self, item: Any, value: io.BytesIO) -> None:
        self._check(item, value.getvalue())
        self._planner.load_bytes(item, value)


def check_id(checkpoint_id: Any, verb: str) -> None:
    if checkpoint_id is not None:
        message = f"Cannot {verb} a checkpoint: `checkpoint_id` is not supported"
        raise HoldfastError("Invalid", message, "Leave out `checkpoint_id`.")


class OfMetadata(pickle.Unpickler):
    """Unpickles the metadata of a checkpoint. Refuses types that are not listed here."""

    CHECKPOINT = frozenset(
        f"{module}.{name}"
        for module, names in {
            "metadata": "BytesStorageMetadata ChunkStorageMetadata Metadata MetadataIndex "
            "StorageMeta TensorProperties TensorStorageMetadata _MEM_FORMAT_ENCODING",
            "filesystem": "_StorageInfo",
        }.items()
        for name in names.split()
    )
    OTHERS = frozenset(
        ("torch.Size", "torch.serialization._get_layout", "builtins.set", "collections.OrderedDict")
    )

    def find_class(self, module_name: str, global_name: str) -> Any:
        path = f"{module_name}.{global_name}"
        is_dtype = module_name == "torch" and isinstance(
            getattr(torch, global_name, None), (torch.dtype, torch.layout)
        )
        is_path = module_name in ("pathlib", "pathlib._local") and global_name in PATHS
        own = path.removeprefix("torch.distributed.checkpoint.")
        if is_dtype or is_path or path in self.OTHERS or own != path and own in self.CHECKPOINT:
            return super().find_class(module_name, global_name)
        raise pickle.UnpicklingError(f"the type {quoted(path)}")
