"""What every registry can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import (
    Any,
    TypeVar,
)

from .artifact import Artifact
from .errors import HoldfastError

T = TypeVar("T")


class Registry:
    """A registry to read. Create it with `open_registry`."""

    location: str

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yields the names that have a version and begin with a prefix."""
        raise NotImplementedError

    def versions(self, name: str, range: str | None = None) -> Iterator[str]:
        """Yields the versions of a name, or those in a range, in full, the highest first.

        As a range, `1.2` means `1.2.x`.
        """
        raise NotImplementedError

    def aliases(self, name: str) -> dict[str, str]:
        """Returns the aliases of a name, and the version that each of them names."""
        raise NotImplementedError

    def open(self, ref: str) -> Artifact:
        """Returns a version by its ref, without reading its files.

        A ref is `name`, `name@1.2.0` (or `1.2`, `1`), `name@^1.2`, `name@latest` or `name@alias`.
        """
        raise NotImplementedError

    def load(self, ref: str) -> Any:
        """Returns the value of a version.

        JSON becomes Python values (`undefined` is None, `Map` a dict, `Date` a datetime in UTC),
        text a str, bytes and blobs bytes, arrays NumPy arrays, Parquet and Arrow PyArrow tables.
        A version of one file is loaded by its extension; other files are bytes. Raises
        `Unsupported` for folders: download them.
        """
        return self._following(ref, Artifact.load)

    def download(self, ref: str, to: str | Path, links: str = "safe") -> list[str]:
        """Writes the files of a version as a new folder, with modes, links and kept times.

        `to` must not exist or be empty; it appears whole or not at all. Links that leave it are
        left out, unless `links` is `unsafe`; `skip` leaves out all. Returns what was left out.
        """
        return self._following(ref, lambda artifact: artifact.download(to, links))

    def _following(self, ref: str, use: Callable[[Artifact], T]) -> T:
        """Uses a version, again if it was replaced meanwhile."""
        for attempt in range(3):
            try:
                return use(self.open(ref))
            except HoldfastError as error:
                if error.code != "Conflict" or attempt == 2:
                    raise
        raise AssertionError
