"""Files that programs write into a draft by their paths: of each path, the last one counts."""

from __future__ import annotations

import builtins
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Collection
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from ..artifacts.registry import Registry
from ..client.saving import Saved
from ..core.errors import HoldfastError, quoted
from ..drafts.draft import Draft

PART = re.compile(r"path-([0-9]{20})-[0-9a-f]{8}(-removed)?\Z")
KEPT_BYTES = 64 * 2**20
"""Most bytes of written files that are kept in memory, to be read before the commit."""


class WrittenFile(NamedTuple):
    """A file in a draft, at a path."""

    size: int
    part: str
    content: bytes | None = None
    """None if this program does not have it."""

    @property
    def is_removed(self) -> bool:
        return self.part.endswith("-removed")


class Written:
    """The files of a draft, which this and other programs write, replace and remove by path.

    Each write is a part of its own, as parts never change. Its name has the time, so all programs
    find the same last one of a path.
    """

    def __init__(self, draft: Draft, is_shared: bool) -> None:
        self.draft = draft
        self.folders: set[str] = set()
        """Folders that this program made, also by writing files into them."""
        self.is_shared = is_shared
        """Whether other programs, or other blocks of this one, may write the same draft."""
        self.is_saved = False
        self._own: dict[str, WrittenFile] = {}
        self._open: dict[str, str] = {}
        """Paths of the files that are open, by their parts."""
        self._kept: OrderedDict[str, int] = OrderedDict()
        self._kept_bytes = 0
        self._lock = Lock()

    @property
    def is_empty(self) -> bool:
        """Whether this program wrote nothing, or removed all that it wrote."""
        return not self._open and not (self._own if self.is_shared else present(self._own))

    @property
    def has_parts(self) -> bool:
        return bool(self._own)

    def begin(self, path: str) -> str:
        """Returns the part of a file that is written from now on."""
        part = new_part()
        with self._lock:
            self._open[part] = path
        return part

    def end(self, part: str) -> None:
        """Notes that a file was closed or discarded."""
        with self._lock:
            self._open.pop(part, None)

    def note(self, path: str, file: WrittenFile) -> None:
        """Notes a file that this program has added or removed."""
        with self._lock:
            before = self._own.get(path)
            if before is not None and moment(before.part) > moment(file.part):
                return
            self._own[path] = file
            self._open = {part: open for part, open in self._open.items() if open != path}
            if not file.is_removed:
                self.folders.update(parents(path))
            self._kept_bytes -= self._kept.pop(path, 0)
            if file.content is not None:
                self._kept[path] = file.size
                self._kept_bytes += file.size
            while self._kept_bytes > KEPT_BYTES:
                oldest, size = self._kept.popitem(last=False)
                self._kept_bytes -= size
                self._own[oldest] = self._own[oldest]._replace(content=None)

    def remove(self, path: str) -> None:
        part = new_part("-removed")
        self.draft.add(path, b"", part=part)
        self.note(path, WrittenFile(0, part))

    def find(self, path: str) -> WrittenFile | None:
        """Returns a file, of this program or else of others that share the draft."""
        file = self._own.get(path)
        if file is None and self.is_shared:
            file = self._merged().get(path)
        return None if file is None or file.is_removed else file

    def files(self) -> dict[str, WrittenFile]:
        """Returns the files by their paths, also those of other programs that share the draft."""
        return present(self._merged() if self.is_shared else self._own)

    def _merged(self) -> dict[str, WrittenFile]:
        listed = self.draft.files()
        with self._lock:
            found = dict(self._own)
        for file in listed:
            known = found.get(file.path)
            if known is None or moment(known.part) < moment(file.part):
                found[file.path] = WrittenFile(file.size, file.part)
        return found

    def own_parts(self) -> dict[str, str]:
        """Returns the parts of the files that this program wrote, by their paths."""
        return {path: file.part for path, file in present(self._own).items()}

    def commit(self, parts: Collection[str] | None = None, **options: Any) -> Saved:
        """Saves the files as one version: those of `parts`, or else the last one of each path."""
        with self._lock:
            never_closed = next(iter(self._open.values()), None)
        if never_closed is not None:
            hint = "Close it before the version is saved: `with new.open(…) as file`."
            raise self._refused("Invalid", f"{quoted(never_closed)} was never closed", hint)
        if parts is None:
            merged = self._merged()
            parts = [file.part for file in present(merged).values()]
            if merged and not parts:
                state = "all of its files were removed"
                raise self._refused("NotFound", state, "Write a file first.")
        saved = self.draft.commit(**options, parts=list(parts) or None)
        self.is_saved = True
        return saved

    def _refused(self, code: str, state: str, hint: str) -> HoldfastError:
        message = f"Cannot save a version of {quoted(self.draft.name)}: {state}"
        return HoldfastError(code, message, hint)


class WrittenByName(dict[str, Written]):
    """What is written into the drafts with one id, by the names of their versions."""


SHARED: WeakValueDictionary[tuple[int, str], WrittenByName] = WeakValueDictionary()
"""Those that file systems use, by registry and id."""
SHARING = Lock()


def written_with(registry: Registry, id: str) -> WrittenByName:
    """Returns what file systems of a registry share: packages open one for each path."""
    with SHARING:
        return SHARED.setdefault((builtins.id(registry), id), WrittenByName())


def present(files: dict[str, WrittenFile]) -> dict[str, WrittenFile]:
    return {path: file for path, file in sorted(files.items()) if not file.is_removed}


def parents(path: str) -> set[str]:
    names = path.split("/")
    return {"/".join(names[:count]) for count in range(1, len(names))}


def new_part(end: str = "") -> str:
    """Returns the name of a part that replaces those before it."""
    return f"path-{later():020}-{secrets.token_hex(4)}{end}"


def moment(part: str) -> int:
    """Returns the time in the name of a part, 0 for one that was added by another name."""
    found = PART.match(part)
    return int(found[1]) if found else 0


LAST = [0]
LOCK = Lock()


def later() -> int:
    """Returns the time, later than each time before in this program."""
    with LOCK:
        LAST[0] = max(time.time_ns(), LAST[0] + 1)
        return LAST[0]
