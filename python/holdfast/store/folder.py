"""Registries in a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import HoldfastError, damaged, disk_error
from ..core.keys import name_path, path_of
from ..core.store import CHUNK, Entry, MissingObject
from ..core.versions import MAX_SAFE


class FolderStore:
    """The objects of a registry in a folder."""

    def __init__(self, root: str | Path) -> None:
        self.root = os.path.abspath(root)
        self.location = self.root
        self.folded = True

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yields all objects whose key begins with the prefix, in byte order."""
        yield from self._walk(*self._beginning(prefix), prefix, shallow=False)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yields the segments below a prefix that have objects below them."""
        for entry in self._walk(*self._beginning(prefix), prefix, shallow=True):
            if entry.key.endswith("/"):
                yield entry.key[len(prefix) : -1]

    def read(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """Yields the bytes of an object from an offset: all, or `size` of them if it has them."""
        with self._open(key) as file:
            file.seek(offset)
            left = size if size is not None else MAX_SAFE
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk

    def has(self, key: str) -> bool:
        """Returns whether there is such an object."""
        try:
            self._open(key).close()
            return True
        except MissingObject:
            return False

    def _beginning(self, prefix: str) -> tuple[str, str]:
        parts = prefix.split("/")
        if len(parts) < 3:
            return parts[0], parts[0] + "/"
        name = name_path(parts[1]) if self.folded else parts[1]
        return f"{parts[0]}/{name}", "/".join(parts[:2]) + "/"

    def _walk(self, path: str, text: str, prefix: str, shallow: bool) -> Iterator[Entry]:
        found: list[tuple[str, str, str, os.DirEntry[str]]] = []
        try:
            self._refuse_links(path)
            with os.scandir(os.path.join(self.root, path)) as entries:
                for entry in entries:
                    sort_key, entry_text = self._texts(text, entry)
                    if entry_text.startswith(prefix) or prefix.startswith(entry_text):
                        found.append((sort_key, entry_text, entry.name, entry))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise disk_error(f'read "{path}"', error) from error
        for _, entry_text, name, entry in sorted(found, key=lambda item: (item[0], item[2])):
            below = f"{path}/{name}"
            if entry.is_symlink():
                raise self._denied(below)
            if not entry.is_dir(follow_symlinks=False):
                if not shallow and self._is_object(entry_text, below):
                    status = entry.stat(follow_symlinks=False)
                    if not stat.S_ISREG(status.st_mode):
                        raise damaged(f'"{below}"', "it is not an ordinary file")
                    yield Entry(entry_text, status.st_size, status.st_ctime_ns / 1e6)
            elif shallow and entry_text.endswith("/") and entry_text != prefix:
                yield Entry(entry_text, 0, 0)
            else:
                yield from self._walk(below, entry_text, prefix, shallow)

    def _texts(self, text: str, entry: os.DirEntry[str]) -> tuple[str, str]:
        """Returns what an entry of a folder is sorted by, and its text."""
        name = entry.name.replace(",", "/") if self.folded else entry.name
        if not entry.is_dir(follow_symlinks=False):
            return text + name, text + name
        if self.folded and name.endswith("+"):
            return text + name[:-1] + "0", text + name[:-1]
        return text + name + "/", text + name + "/"

    def _is_object(self, key: str, path: str) -> bool:
        return not self.folded or path_of(key) == path

    def _open(self, key: str) -> Any:
        path = path_of(key) if self.folded else key
        if path is None:
            raise MissingObject(key)
        try:
            self._refuse_links(path)
            flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(os.path.join(self.root, path), flags | getattr(os, "O_NONBLOCK", 0))
        except (FileNotFoundError, NotADirectoryError):
            raise MissingObject(key) from None
        except OSError as error:
            raise disk_error(f'read "{path}"', error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise damaged(f'"{path}"', "it is not an ordinary file")
        return os.fdopen(handle, "rb")

    def _refuse_links(self, path: str) -> None:
        place = self.root
        for part in path.split("/"):
            place = os.path.join(place, part)
            if stat.S_ISLNK(os.lstat(place).st_mode):
                raise self._denied(path)

    def _denied(self, path: str) -> HoldfastError:
        state = "a registry has no symbolic links"
        return HoldfastError("Denied", f'Cannot read "{path}": {state}', "Remove the link.")
