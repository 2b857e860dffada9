"""Writes that derive from `save` and `delete`: as a dictionary, and of many values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..artifacts.batch import BatchResult, run_many, same_length, versions_for
from ..artifacts.registry import Registry
from ..core.errors import HoldfastError, quoted
from .saving import Saved


class WritableRegistry(Registry):
    """A registry that saves and deletes."""

    def save(self, *args: Any, **options: Any) -> Saved:
        raise NotImplementedError

    def delete(self, *args: Any, **options: Any) -> bool:
        raise NotImplementedError

    def save_many(
        self,
        names: Sequence[str],
        values: Sequence[Any],
        *,
        version: str | Sequence[str | None] | None = None,
        on_conflict: str | None = None,
    ) -> BatchResult[Saved]:
        """Saves many values in threads; one that fails stops no other.

        `version` is the same for all, or a list with one for each.
        """
        versions = versions_for("save", names, version)
        values = same_length("save", names, values, "values")

        def save(name: str, value: Any, version: str | None) -> Saved:
            return self.save(name, value, version=version, on_conflict=on_conflict)

        asked = zip(names, values, versions, strict=True)
        return run_many([partial(save, *each) for each in asked])

    def __setitem__(self, name: str, value: Any) -> None:
        """Saves a value as the next version of a name."""
        self.save(name, value)

    def __delitem__(self, ref: str) -> None:
        """Deletes a version, or all versions of a name. Raises `NotFound` if there was none."""
        if not self.delete(ref, all_versions="@" not in ref):
            raise HoldfastError(
                "NotFound",
                f"Cannot delete {quoted(ref)}: no such version",
                "`registry.keys()` has the names, `registry.versions(name)` their versions.",
            )
