"""A version: its facts, its files and its value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ..core.arguments import checked_methods
from ..core.author import Author, author_in
from ..core.errors import HoldfastError, Json, disk_error, quoted
from ..core.words import Worded
from ..files.file import Files, Stored
from ..files.held import Source
from .curves import Curve, curves_of


@checked_methods
class Artifact(Files, Worded):
    """A version of a name: its facts, and its files."""

    def __init__(self, facts: Json, stored: Stored, source: Source | None = None) -> None:
        super().__init__(facts, stored, source)
        self.commit: str = facts["commit"]
        self.created_at: str = facts["createdAt"]
        self.by: Author | None = author_in(facts)
        """Who saved it, if known."""
        self.generation: int = int(facts.get("generation", 1))
        """How often this version was written: more than 1 if it was overwritten."""
        self.inputs: list[Any] = facts.get("inputs", [])
        self.is_copy: bool = "origin" in facts
        """Whether it was copied from another registry."""
        self.restored: list[Json] = facts.get("restored", [])
        """When it was deleted and restored: `deletedAt`, `restoredAt`."""
        self.first_saved_at: str | None = facts.get("since")
        """When this version was first saved, if it was overwritten and that is known."""

    def __getitem__(self, name: str) -> NoReturn:
        raise TypeError(f"no item {name!r}: write .class_name, .materializer or .path()")

    @property
    def class_name(self) -> str | None:
        """The class of a saved object, such as `torch.nn.Linear`. None for other values."""
        from ..values.objects.objects import class_of

        return class_of(self)

    def load(self, *, into: Any = None, trust: bool | Sequence[str] = False) -> Any:
        """Returns the value: see `Registry.load`."""
        from ..values.load import load_value

        return load_value(self, self.path, into, trust)

    def download(
        self, to: str | Path, links: str = "safe", *, progress: bool | None = None
    ) -> list[str]:
        """Writes the files: see `Registry.download`."""
        from ..files.downloads import download_files

        try:
            return download_files(self, Path(to), links, progress)
        except OSError as error:
            raise disk_error(f"download {quoted(self.ref)}", error, to) from error

    def path(self, file: str | None = None, *, progress: bool | None = None) -> Path:
        """Returns the folder of a local copy of all files, or the path of a copy of one file.

        Copies are checked, read-only, and shared by all processes of the machine. They are in
        `$HOLDFAST_PYTHON_CACHE`, else in `holdfast-python` below `$XDG_CACHE_HOME` or `~/.cache`.
        If others can write there, they are in a private folder until the program ends.
        """
        from ..files.cache import chosen_folder, local_copy

        try:
            return local_copy(self, file, progress)
        except OSError as error:
            place, variable = chosen_folder(), "HOLDFAST_PYTHON_CACHE"
            raise disk_error(f"copy {quoted(self.ref)}", error, place, variable) from error

    def curves(self, *, points: int | None = None) -> dict[str, Curve]:
        """Returns the steps and values that a run logged, by name: `test.accuracy` if nested.

        With `points`, at most so many of each name: the first and the last, and of each group of
        those between them the lowest, the highest, and the first that is NaN or infinite.
        """
        if points is not None and points < 2:
            message = f"Cannot read the curves of {quoted(self.ref)}: points is {points}"
            raise HoldfastError("Invalid", message, "Pass at least 2, or leave it out.")
        return curves_of(self, points)

    def _repr_html_(self) -> str:
        from .html import size_of, table

        facts = [
            ("materializer", self.materializer),
            ("size", size_of(self.size)),
            ("created", self.created_at),
            ("digest", self.digest),
            *((f"metadata.{key}", value) for key, value in self.metadata.items()),
            *(("input", each) for each in self.inputs),
        ]
        files = ((file.path, size_of(file.size), file.sha256[:12]) for file in self.files)
        return table((self.ref, ""), facts) + "\n" + table(("file", "size", "SHA-256"), files)

    def __repr__(self) -> str:
        return f"<Artifact {quoted(self.ref)}, {self.materializer}, {self.size} bytes>"
