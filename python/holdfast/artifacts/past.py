"""What a ref meant at a moment of the past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from ..core.errors import HoldfastError, NotFound, quoted
from ..core.records import milliseconds
from ..core.versions import Range, Version, parse_ref, parse_version
from .artifact import Artifact
from .listing import AliasChange


class History(Protocol):
    """What a registry knows of the past."""

    def open(self, ref: str) -> Artifact: ...

    def versions(self, name: str) -> Iterator[str]: ...

    def history(self, name: str, alias: str) -> Iterable[AliasChange]: ...

    def deletions(self, name: str) -> Iterator[tuple[Version, str, str | None]]: ...


def pinned(registry: History, ref: str, as_of: datetime | None) -> str:
    """Returns the exact ref that a ref meant, by the times of versions, which copies keep.

    Raises `NotFound` if there was none, or if it was deleted or overwritten since.
    """
    if as_of is None:
        return ref
    name, wanted = parse_ref(ref)
    moment = Moment(registry, name, ref, as_of)
    if isinstance(wanted, Version):
        return moment.checked(str(wanted))
    if isinstance(wanted, Range) or wanted == "latest":
        return moment.highest(wanted if isinstance(wanted, Range) else None)
    return moment.by_alias(wanted)


class Moment:
    def __init__(self, registry: History, name: str, ref: str, as_of: datetime) -> None:
        self.registry, self.name, self.ref = registry, name, ref
        try:
            self.at = as_of.timestamp() * 1000
        except (ValueError, OverflowError):
            message = f"Cannot open {quoted(ref)} as of {as_of}: not in the years 1 to 9999 of UTC"
            raise HoldfastError("Invalid", message, "Pass another time.") from None
        self.shown = as_of.isoformat()

    def checked(self, version: str) -> str:
        artifact = self.registry.open(f"{self.name}@{version}")
        if self.lacked(artifact):
            raise self.absent("it was deleted then")
        if milliseconds(artifact.created_at) <= self.at:
            return artifact.ref
        if self.had(artifact):
            raise self.absent(f"{version} was overwritten since, at {artifact.created_at}")
        raise self.absent(f"it was saved at {artifact.created_at}")

    def lacked(self, artifact: Artifact) -> bool:
        """Returns whether a version was deleted at the moment, and restored since."""
        return any(
            milliseconds(each["deletedAt"]) <= self.at < milliseconds(each["restoredAt"])
            for each in artifact.restored
        )

    def had(self, artifact: Artifact) -> bool:
        """Returns whether a version had an earlier value at the moment."""
        if artifact.generation == 1 and not artifact.is_copy:
            return False
        first = artifact.first_saved_at
        return artifact.generation > 1 if first is None else milliseconds(first) <= self.at

    def by_alias(self, alias: str) -> str:
        for change in self.registry.history(self.name, alias):
            if milliseconds(change.created_at) > self.at:
                continue
            if change.version is None:
                raise self.absent("the alias was deleted before")
            try:
                return self.checked(change.version)
            except NotFound:
                state = f"the alias pointed to {change.version}, which was deleted since"
                if change.version in self.registry.versions(self.name):
                    raise
                raise self.absent(state) from None
        raise self.absent("the alias did not exist yet")

    def highest(self, wanted: Range | None) -> str:
        """Returns the highest version of the moment, unless a higher one is gone since."""

        def above(version: Version, other: Version | None) -> bool:
            if other is None:
                return True
            if wanted is None and bool(version.prerelease) != bool(other.prerelease):
                return bool(other.prerelease)
            return version.precedence > other.precedence

        found: Version | None = None
        for version, artifact in self.present(wanted):
            if not above(version, found) or self.lacked(artifact):
                continue
            if milliseconds(artifact.created_at) <= self.at:
                found = version
            elif self.had(artifact):
                raise self.absent(f"{version} was overwritten since, at {artifact.created_at}")
            if found is not None and (wanted is not None or not found.prerelease):
                break
        for version, deleted_at, first in self.registry.deletions(self.name):
            was_there = first is None or milliseconds(first) <= self.at
            if wanted is not None and not wanted.includes(version):
                continue
            if milliseconds(deleted_at) > self.at and was_there and above(version, found):
                raise self.absent(f"version {version} was deleted since, at {deleted_at}")
        if found is None:
            raise self.absent("it had no version yet")
        return f"{self.name}@{found}"

    def present(self, wanted: Range | None) -> Iterator[tuple[Version, Artifact]]:
        for text in self.registry.versions(self.name):
            version = parse_version(text)
            if version is None or (wanted is not None and not wanted.includes(version)):
                continue
            try:
                yield version, self.registry.open(f"{self.name}@{text}")
            except NotFound:
                continue  # deleted meanwhile

    def absent(self, state: str) -> HoldfastError:
        message = f"Cannot find {quoted(self.ref)} as of {self.shown}: {state}"
        hint = "List the history with `versions(name)` or `history(name, alias)`."
        return HoldfastError("NotFound", message, hint)
