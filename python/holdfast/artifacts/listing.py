"""Lists of versions and changes."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar, cast

from ..core.author import Author
from .artifact import Artifact

T = TypeVar("T")


class Listing(list[T]):
    """A list that notebooks show as a table."""

    def _repr_html_(self) -> str:
        from .html import size_of, table

        items = cast("list[Any]", self)
        if not items:
            return "<p>none</p>"
        if isinstance(items[0], Artifact):
            head = ("version", "size", "created", "metadata")
            rows = (
                (each.ref, size_of(each.size), each.created_at, each.metadata) for each in items
            )
            return table(head, rows)
        return table(items[0]._fields, items)


class AliasChange(NamedTuple):
    """A change of an alias. Without a version, the alias was removed."""

    version: str | None
    created_at: str
    commit: str
    by: Author | None = None
    """Who made it, if known."""


class RolledBackAlias(NamedTuple):
    """The version to which an alias points again, and the one to which it pointed, if any."""

    version: str
    was: str | None


class DeletedVersion(NamedTuple):
    """A deleted version that can be restored."""

    version: str
    deleted_at: str | None
    """None if its record is damaged."""
    kept_until: str | None
    """Until then at least, and on until the next `holdfast gc`."""
