"""What every registry can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..core.arguments import checked_methods
from ..core.errors import HoldfastError, Json, NotFound, quoted
from ..core.metadata import from_metadata
from ..core.printable import printable
from ..core.versions import Version
from ..core.words import Worded
from ..signatures.report import Signers
from .artifact import Artifact
from .batch import BatchResult, run_many, versions_for
from .listing import AliasChange, Listing
from .past import pinned
from .search import Found, parse_query
from .terms import terms_of

T = TypeVar("T")
R = TypeVar("R", bound="Registry")


@checked_methods
class Registry(Worded):
    """A registry to read. Create it with `open_registry`."""

    location: str

    def __init__(self, *_: Any, **__: Any) -> None:
        hint = 'Call holdfast.service(registry="./FOLDER"), or open_registry("./FOLDER") to read.'
        raise HoldfastError("Invalid", "Cannot create a registry: its class opens none", hint)

    def __init_subclass__(cls) -> None:
        checked_methods(cls)

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

    def history(self, name: str, alias: str) -> Listing[AliasChange]:
        """Returns the changes of an alias, newest first. Raises `NotFound` if it never existed."""
        raise NotImplementedError

    def annotations(self, ref: str) -> Json:
        """Returns the `notes` and `labels` of a name or a version, empty if there are none."""
        annotations = self.stored_annotations(ref)
        labels = annotations.get("labels")
        return {**annotations, "labels": from_metadata(labels)} if labels else annotations

    def stored_annotations(self, ref: str) -> Json:
        """Returns annotations as they are stored: strings stand for NaN and infinities."""
        raise NotImplementedError

    def open(
        self, ref: str, *, as_of: datetime | None = None, signed_by: Signers | None = None
    ) -> Artifact:
        """Returns a version by its ref, without reading its files.

        A ref is `name`, `name@1.2.0` (or `1.2`, `1`), `name@^1.2`, `name@latest` or `name@alias`,
        and `name@1.2.0/member` for a member of a release. With `as_of`, it is what the ref meant
        at that time. With `signed_by`, paths of public keys or PEM, raises `Conflict` unless each
        key has signed the version.
        """
        if signed_by is not None:
            return self._signed(self.open(ref, as_of=as_of), signed_by)
        name, _, selector = ref.partition("@")
        release, slash, member = selector.partition("/")
        if slash:
            return self._member(ref, self.open(f"{name}@{release}", as_of=as_of), member)
        return self._open(pinned(self, ref, as_of))

    def _open(self, ref: str) -> Artifact:
        raise NotImplementedError

    def _signed(self, artifact: Artifact, signed_by: Signers) -> Artifact:
        """Returns a version if these keys have signed its files, which are those that it opened."""
        from ..signatures.report import read_signers, require

        signers = read_signers(signed_by)
        annotations = self.stored_annotations(artifact.ref.partition("+")[0])
        require(artifact, annotations.get("labels", {}), signers)
        return artifact

    def _member(self, ref: str, release: Artifact, member: str) -> Artifact:
        """Returns a member of a release, which must be as it was when that was published."""
        if release.materializer != "release":
            message = f"Cannot find {quoted(ref)}: {quoted(release.ref)} is not a release"
            raise HoldfastError("Invalid", message, f"Open {quoted(release.ref)}.")
        members = release.file("release.json").json()["members"]
        if member not in members:
            message = f"Cannot find {quoted(ref)}: no such member"
            known = ", ".join(map(printable, members))
            raise HoldfastError("NotFound", message, f"Use one of: {known}.")
        artifact = self._open(members[member]["ref"])
        if artifact.digest != members[member]["digest"]:
            message = f"Cannot open {quoted(ref)}: {quoted(artifact.ref)} was overwritten since"
            raise HoldfastError("Conflict", message, "Publish the release again.")
        return artifact

    def deletions(self, name: str) -> Iterator[tuple[Version, str, str | None]]:
        """Yields deleted versions, with the times of the deletion and of the first save.

        A service does not list them.
        """
        return iter(())

    def load(
        self,
        ref: str,
        *,
        version: str | None = None,
        as_of: datetime | None = None,
        signed_by: Signers | None = None,
        into: Any = None,
        trust: bool | Sequence[str] = False,
    ) -> Any:
        """Returns the value of a version, which is in the ref or in `version`.

        JSON becomes Python values (`undefined` is None, `Map` a dict, `Date` a datetime in UTC),
        text a str, bytes and blobs bytes, arrays NumPy arrays, Parquet and Arrow PyArrow tables.
        A version of one file is loaded by its extension; other files are bytes. Raises
        `Unsupported` for folders: download them.

        `into` is what a saved object is loaded into: a class, or an instance such as a module of
        PyTorch. What is stored never chooses it. A state of tensors as `into` keeps its memory, of
        which a load replaces only what differs, or nothing if it fails.

        `trust` is a list of types that may be loaded, beside those of the package of the object.
        `trust=True` loads a pickle, which runs code of its author. `signed_by` is that of `open`.
        """

        def use(artifact: Artifact) -> Any:
            return artifact.load(into=into, trust=trust)

        return self._following(ref_with(ref, version), as_of, signed_by, use)

    def load_many(
        self, refs: Sequence[str], *, version: str | Sequence[str | None] | None = None
    ) -> BatchResult[Any]:
        """Loads many versions in threads; one that fails stops no other.

        `version` is the same for all, or a list with one for each.
        """
        versions = versions_for("load", refs, version)
        asked = zip(refs, versions, strict=True)
        return run_many([partial(self.load, ref, version=each) for ref, each in asked])

    def info(self, ref: str, version: str | None = None) -> Artifact:
        """Returns the facts of a version without its files, as `open` does."""
        return self.open(ref_with(ref, version))

    def download(
        self,
        ref: str,
        to: str | Path,
        links: str = "safe",
        *,
        as_of: datetime | None = None,
        signed_by: Signers | None = None,
        progress: bool | None = None,
    ) -> list[str]:
        """Writes the files of a version as a new folder, with modes, links and kept times.

        `to` must not exist or be empty; it appears whole or not at all. Links that leave it are
        left out, unless `links` is `unsafe`; `skip` leaves out all. Returns what was left out.
        `signed_by` is that of `open`.
        """

        def use(artifact: Artifact) -> list[str]:
            return artifact.download(to, links, progress=progress)

        return self._following(ref, as_of, signed_by, use)

    def artifacts(self, name: str, range: str | None = None) -> Listing[Artifact]:
        """Returns the versions of a name, or those in a range, the highest first."""
        found: Listing[Artifact] = Listing()
        for version in self.versions(name, range):
            try:
                found.append(self.open(f"{name}@{version}"))
            except NotFound:
                continue  # deleted meanwhile
        return found

    def search(self, query: str, *, limit: int = 100) -> Listing[Found]:
        """Returns versions that match the terms of a query, by name and newest first.

        A term is a word, or a comparison such as `metrics.auc>0.9`, `alias=production`, `by=alice`,
        `size>1MiB`, `labels.stage="in review"` or `created>=2026-11`, or with a regular expression
        `name~^bert`. All must match, unless `or` joins them: `kind=json (by=ann or by=bob)`.
        Without a service, every version is read.
        """
        if limit < 1:
            hint = "Pass a `limit` of at least 1."
            raise HoldfastError("Invalid", f"Cannot search: limit is {limit}", hint)
        test, found = parse_query(query), Listing[Found]()
        reads_notes = any(
            not term.joins if not term.field else term.field.startswith("labels.")
            for term in terms_of(query)
        )
        for name in self.names():
            aliases = self.aliases(name)
            for version in self.versions(name):
                try:
                    artifact = self.open(f"{name}@{version}")
                except HoldfastError as error:
                    if error.code in ("Denied", "Unavailable"):
                        raise
                    continue  # deleted meanwhile, or damaged
                named_so = [alias for alias, named in aliases.items() if named == version]
                facts = (name, version, named_so, artifact.metadata)
                by = artifact.by and artifact.by.name
                own = self.annotations(artifact.ref) if reads_notes else {}
                read = (artifact.size, own.get("labels"), own.get("notes"))
                each = Found(*facts, artifact.materializer, artifact.created_at, by, *read)
                if test(each):
                    found.append(each)
                    if len(found) == limit:
                        return found
        return found

    def __enter__(self: R) -> R:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        """Ends a block. The registry can still be used: it holds no connection open."""

    def keys(self) -> Iterator[str]:
        """Yields the names, as `names` does."""
        return self.names()

    def __iter__(self) -> Iterator[str]:
        return self.names()

    def __len__(self) -> int:
        """Counts the names by listing them."""
        return sum(1 for _ in self.names())

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, ref: str) -> Any:
        """Returns the latest value of a name, or the value of a version."""
        return self.load(ref)

    def __contains__(self, ref: str) -> bool:
        try:
            self.open(ref)
            return True
        except NotFound:
            return False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {quoted(self.location)}>"

    def _repr_html_(self) -> str:
        from .html import table

        return table(("name",), ((name,) for name in self.names()), self.location)

    def _following(
        self,
        ref: str,
        as_of: datetime | None,
        signed_by: Signers | None,
        use: Callable[[Artifact], T],
    ) -> T:
        """Uses a version, again if it was replaced meanwhile."""
        for attempt in range(3):
            try:
                return use(self.open(ref, as_of=as_of, signed_by=signed_by))
            except HoldfastError as error:
                if error.code != "Conflict" or attempt == 2:
                    raise
        raise AssertionError


def ref_with(ref: str, version: str | None) -> str:
    """Returns a ref with a version that was given apart from it."""
    if version is None:
        return ref
    if "@" in ref:
        message = f"Cannot use {quoted(ref)}: the ref has a version, and `version` is also given"
        raise HoldfastError("Invalid", message, "Pass one of them.")
    return f"{ref}@{version}"
