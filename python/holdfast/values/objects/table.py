"""The serializers of objects: how a program saves those of a type as files, and loads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from ...core.arguments import checked
from ...core.errors import HoldfastError, Json, quoted
from ...core.names import encode_segment
from ...core.records import is_path

C = TypeVar("C", bound="type[Any]")


class Loading(NamedTuple):
    """A saved object that is being loaded."""

    ref: str
    folder: Path
    """Its files, which cannot be changed."""
    facts: Json
    """What its serializer returned when it was saved."""
    into: Any
    """What the program passed as `into`: an object or a class, or None."""
    trust: bool | Sequence[str]

    def wanted(self, example: str) -> Any:
        """Returns `into`, or raises `Invalid` with an example of what to pass."""
        if self.into is None:
            message = f"Cannot load {quoted(self.ref)}: it needs a class of your program"
            raise HoldfastError("Invalid", message, f"Pass it: load(ref, into={example}).")
        return self.into

    def file(self, name: str) -> Path:
        """Returns one of its files, or raises `ValueError` if it has no such file.

        Use it for names that come from `facts` or from a file: it refuses paths that leave
        `folder`, such as `../x`.
        """
        is_inside = isinstance(name, str) and is_path(name)  # pyright: ignore
        if not is_inside or not (self.folder / name).is_file():
            raise ValueError(f"there is no {name!r:.200}")
        return self.folder / name

    def refused(self, state: str, hint: str) -> HoldfastError:
        return HoldfastError("Invalid", f"Cannot load {quoted(self.ref)}: {state}", hint)


def fitting(loading: Loading, value: Any) -> Any:
    """Returns a loaded object. Refuses one that is not an instance of `into`."""
    into = loading.into
    if into is not None and not (isinstance(into, type) and isinstance(value, into)):
        hint = f"Pass into={type(value).__name__}, or leave it out."
        raise loading.refused(f"it is of the class {type(value).__name__}", hint)
    return value


class Serializer(Protocol):
    """Saves objects of a type as files, and loads them.

    A serializer may have a third method, which runs before anything is saved:

        def difference(self, value: Any, loading: Loading) -> str: ...

    It loads the files that `save` wrote, from `loading`, and returns how the result differs from
    `value`: "its cells would differ after a load". The save is refused with that text, or if the
    method raises an error. If it returns an empty string, the object is saved.
    """

    def save(self, value: Any, folder: Path) -> Json | None:
        """Writes files into an empty folder. Returns JSON that `load` needs beside them."""

    def load(self, loading: Loading) -> Any:
        """Returns the object."""


S = TypeVar("S", bound=Serializer)


class Row(NamedTuple):
    name: str
    serializer: Serializer


ROWS: dict[str, Serializer] = {}
"""Serializers by the names that saved objects have."""

TYPES: dict[str, str] = {}
"""Names of serializers by the module and name of a type, so no package is imported for it."""


@checked
def serializer(kind: type | str, name: str | None = None) -> Callable[[type[S]], type[S]]:
    """Registers a serializer for a type and its subclasses.

        @holdfast.serializer(Grid)
        class GridFiles:
            def save(self, value, folder):
                numpy.save(folder / "cells.npy", value.cells)
                return {"unit": value.unit}

            def load(self, loading):
                cells = numpy.load(loading.folder / "cells.npy", allow_pickle=False)
                return Grid(cells, loading.facts["unit"])

    `save` writes files and returns JSON; `load` receives both. It must run no code that the files
    contain. An optional third method, `difference`, proves the files before they are saved: see
    `Serializer`. `name` is stored with each object, and names the serializer when it is loaded: by
    default the module and name of the type. A type can be written as "package.module.Type", so that
    its package is not imported.
    """
    own = kind if isinstance(kind, str) else path_of(kind)
    name = own if name is None else name
    encode_segment(name, "name of a serializer")

    def add(made: type[S]) -> type[S]:
        ROWS[name] = made()
        TYPES[own] = name
        return made

    return add


def built_in(kind: str, name: str) -> Callable[[C], C]:
    """Registers a serializer of this package, unless the program has another one."""

    def add(made: C) -> C:
        ROWS.setdefault(name, made())
        TYPES.setdefault(kind, name)
        return made

    return add


def path_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def find_row(value: Any) -> Row | None:
    """Returns the serializer of the type of a value, or of the nearest type above it."""
    name = row_of(type(value))  # pyright: ignore[reportUnknownArgumentType]
    return None if name is None else Row(name, ROWS[name])


def row_of(kind: type) -> str | None:
    """Returns the name of the serializer of a type."""
    names = (TYPES.get(path_of(each)) for each in kind.__mro__)
    return next((name for name in names if name is not None), None)
