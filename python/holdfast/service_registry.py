"""A registry behind `holdfast serve`, to read and to write."""

from __future__ import annotations

import base64
import json
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from .artifacts.artifact import Artifact
from .artifacts.listing import AliasChange, DeletedVersion, Listing, RolledBackAlias
from .artifacts.registry import ref_with
from .artifacts.search import Found
from .client.connection import Connection, quote
from .client.paths import annotations_of, parts_of, path_of
from .client.saving import Saved, files_to_save, request_of, save_files, saved_of
from .client.together import together
from .client.writable import WritableRegistry
from .core.arguments import UNSET, Unset, passed
from .core.author import author_in
from .core.errors import Corrupt, HoldfastError, Json, damaged, quoted
from .core.metadata import checked_json, from_metadata
from .core.names import encode_segment
from .core.records import KINDS, TIME, UUID, check_files, fits
from .core.shapes import is_dict, is_list
from .core.versions import parse_ref, parse_version
from .drafts.draft import Draft
from .runs.logged_run import LoggedRun
from .runs.run import Run, leave_runs, reason_of
from .runs.system import Sampler
from .values.serializers import FileToSend

MAX_MEMBERS = 200
MOST_FOUND = 1000
WITH_FACTS = 16 * 2**10
"""The files of a version of at most this size come with its facts, in one request."""


class ServiceRegistry(WritableRegistry):
    """A registry behind `holdfast serve`. Create it with `connect`."""

    def __init__(
        self, url: str, token: str | Callable[[], str] | None = None, timeout: float = 60
    ) -> None:
        self._connection = Connection(url, token, timeout)
        self.location: str = self._connection.location

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        leave_runs(self._connection, reason_of(error))

    @property
    def token(self) -> str | None:
        """The token that is sent to the service. Never pass it as an argument of a program."""
        return self._connection.token

    def names(self, prefix: str = "") -> Iterator[str]:
        return iter(self._items("names", prefix=prefix))

    def versions(self, name: str, range: str | None = None) -> Iterator[str]:
        query = {"range": range} if range is not None else {}
        for item in self._items(f"{path_of(name)}/versions", **query):
            yield item["version"]

    def aliases(self, name: str) -> dict[str, str]:
        items = self._items(f"{path_of(name)}/aliases")
        return {item["alias"]: item["version"] for item in items}

    def history(self, name: str, alias: str) -> Listing[AliasChange]:
        items = self._items(f"{path_of(name)}/aliases/{quote(alias)}/history")
        return Listing(
            AliasChange(x.get("version"), x["createdAt"], x["commit"], author_in(x)) for x in items
        )

    def search(self, query: str, *, limit: int = 100) -> Listing[Found]:
        found = Listing[Found]()
        names = ("name", "version", "aliases", "metadata", "kind", "createdAt")
        offset: int | None = 0
        while offset is not None:
            asked = {"q": query, "limit": min(limit - len(found), MOST_FOUND), "offset": offset}
            page = self._connection.json("GET", f"search?{urllib.parse.urlencode(asked)}")
            for each in page["items"]:
                each["metadata"] = from_metadata(each["metadata"])
                facts = Found(*(each[name] for name in names))
                more = {name: each.get(name) for name in ("by", "size", "labels")}
                found.append(facts._replace(**more))
            offset = page.get("next") if page["items"] and len(found) < limit else None
        return found

    def _open(self, ref: str) -> Artifact:
        name, _ = parse_ref(ref)
        wanted = ref.partition("@")[2] or "latest"
        what = f"the description of {quoted(ref)}"
        path = f"{path_of(name)}/versions/{quote(wanted)}"
        try:
            facts = self._connection.json("GET", f"{path}?data={WITH_FACTS}")
        except Corrupt:  # of a file; the facts may be readable
            facts = self._connection.json("GET", path)
        shapes = {**KINDS["version"], "commit": UUID, "createdAt": TIME}
        if not all(fits(facts.get(member), shape) for member, shape in shapes.items()):
            raise damaged(what, "it is not one of a version")
        files = facts["files"]
        for file in files if is_list(files) else ():
            if is_dict(file):  # the service decompresses, and joins the parts
                file.pop("encoding", None)
                file["parts"] = [{"object": 0, "size": file.get("size")}]
        check_files(files, what, int(facts["size"]), 0)
        version = f"{path_of(name)}/versions/{quote(facts['version'].partition('+')[0])}"
        archive = f"{version}/archive?format=tar&commit={facts['commit']}"
        alone = partial(self._stored, version, facts["commit"])
        return Artifact(facts, together(facts, alone, partial(self._connection.read, archive)))

    def _stored(
        self, version: str, commit: str, file: Json, offset: int = 0, size: int | None = None
    ) -> Iterator[bytes]:
        path = f"{version}/files/{urllib.parse.quote(file['path'])}?commit={commit}"
        if size is None:
            data = file.get("data")
            whole = partial(self._connection.read, path, int(file["size"]))
            return iter([base64.b64decode(data)]) if data else whole()
        return self._connection.read_range(path, offset, size)

    def save(
        self,
        name: str,
        value: Any,
        *,
        version: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        inputs: str | Artifact | Sequence[str | Artifact] | None = None,
        alias: str | Sequence[str] | None = None,
        idempotency_key: str | None = None,
        on_conflict: str | None = None,
        skip_if_unchanged: bool = False,
        compress: str | None = None,
        share: str | None = None,
        progress: bool | None = None,
        text: bool = False,
    ) -> Saved:
        """Saves a value, a file or a folder as a new version, and sets aliases to it.

        A `pathlib.Path` is a file or a folder. A str is text, bytes are bytes, NumPy arrays are
        arrays, and tables of pandas, PyArrow and polars are Parquet. Objects with a `serializer`,
        such as modules of PyTorch, are the files that it writes. Other values are JSON.
        A str that names a file or folder of this machine is `Invalid`, unless `text` is True.
        Files are sent in parallel; a large file continues where an earlier, killed save stopped.
        Of a file of at least 1 MiB, only the bytes that the latest version lacks are sent.

        A repeat with the same `idempotency_key` returns the first result, even with other content.
        Raises `Conflict` if it asks for another `version`. `on_conflict` is `fail`, `skip` or
        `overwrite`, `compress` `gzip` or `zstd`, `share` `values`, `bytes`, `files` or `none`.
        `inputs` are artifacts, or refs, recorded as the versions that they mean now.
        """
        for what, given, known in (
            ("on_conflict", on_conflict, ("fail", "skip", "overwrite")),
            ("compress", compress, ("gzip", "zstd")),
            ("share", share, ("values", "bytes", "files", "none")),
        ):
            if given not in (None, *known):
                message = f"Cannot save {quoted(name)}: {given!r} is not a value of {what}"
                raise HoldfastError("Invalid", message, f"Pass one of: {', '.join(known)}.")
        request = {
            **request_of(name, version, metadata, inputs, alias),
            "onConflict": on_conflict,
            "skipIfUnchanged": skip_if_unchanged or None,
            "compress": compress,
            "share": share,
            "idempotencyKey": idempotency_key,
        }
        with files_to_save(name, value, text) as (materializer, files):
            return self._save(name, {**request, "materializer": materializer}, files, progress)

    def _save(
        self, name: str, request: Json, files: list[FileToSend], progress: bool | None
    ) -> Saved:
        earlier = partial(self._earlier, name)
        return save_files(self._connection, name, request, files, progress, earlier)

    def _earlier(self, name: str) -> Artifact | None:
        """Opens the latest version, of which bytes are reused. None if there is none to read."""
        try:
            return self._open(name)
        except HoldfastError:
            return None

    def draft(self, name: str, id: str | None = None) -> Draft:
        """Opens a draft, which many programs write and one commits as a version.

            draft = registry.draft("data:clean", "job-7")  # in each of them
            draft.add("part-0.csv", Path("out.csv"))
            draft.commit(alias="production")  # in one, when all parts are there

        Sends no request. The same name and id are the same draft, on any machine; the default id
        is a new one.
        """
        id = str(uuid.uuid4()) if id is None else id
        return Draft(self._connection, name, id, partial(self._earlier, name))

    def run(
        self,
        name: str,
        *,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str | int | float | bool | None] | None = None,
        id: str | None = None,
        system: bool = False,
    ) -> Run:
        """Opens a run, which logs values while the program computes a version.

            with registry.run("digits:model", params={"rate": 0.1}) as run:
                run.log(step=1, loss=0.5)
                run.finish(model)

        Pass the `id` of a killed run to continue it. The metadata of the version has `params`
        and `tags`: another value raises `Conflict`. `system` records system metrics and console.
        """
        encode_segment(name)  # refuses what cannot be a name
        run_id = str(uuid.uuid4()) if id is None else id
        encode_segment(run_id, "id")
        action = f"open a run of {quoted(name)}"
        facts = {"params": params, "tags": tags}
        body: Json = {key: checked_json(facts[key], action, key) or {} for key in facts}
        sampler = Sampler() if system else None
        begun = self._connection.json("POST", f"{path_of(name)}/runs/{quote(run_id)}", body)
        return Run(self._connection, name, run_id, begun, sampler)

    def runs(self, name: str | None = None) -> Listing[LoggedRun]:
        """Lists the runs that are not finished: running, killed and failed ones."""
        query = {} if name is None else {"name": name}
        facts = ("name", "id", "state", "points", "params", "startedAt", "lastAt")
        return Listing(
            LoggedRun(*[*(item[fact] for fact in facts), item.get("reason"), item.get("tags", {})])
            for item in self._items("logged-runs", **query)
        )

    def publish(
        self,
        name: str,
        members: Mapping[str, str],
        *,
        version: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        alias: str | Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> Saved:
        """Publishes a release: refs by member name. Read a member by `name@version/member`."""
        if not 1 <= len(members) <= MAX_MEMBERS:
            message = f"Cannot publish {quoted(name)}: it has {len(members)} members"
            raise HoldfastError("Invalid", message, f"Pass 1 to {MAX_MEMBERS} members.")
        for member in (members := dict(members)):
            encode_segment(member, "member")  # refuses what cannot be a name
        opened = {member: self.open(members[member]) for member in sorted(members)}
        pinned = {
            member: {"ref": each.ref.partition("+")[0], "digest": each.digest}
            for member, each in opened.items()
        }
        content = json.dumps({"members": pinned}, ensure_ascii=False, indent=2) + "\n"
        request = {
            **request_of(name, version, metadata, None, alias),
            "inputs": list(pinned.values()),
            "idempotencyKey": idempotency_key,
            "materializer": {"id": "release", "formatVersion": 1},
        }
        return self._save(name, request, [FileToSend("release.json", content.encode())], None)

    def annotate(
        self,
        ref: str,
        *,
        notes: str | None | Unset = UNSET,
        labels: Mapping[str, Any] | None | Unset = UNSET,
    ) -> Json:
        """Changes the `notes` and `labels` of a name or a version, and returns all of them.

        None removes: `annotate("a@1", labels={"reviewed": True, "old": None}, notes=None)`.
        """
        if labels is not UNSET:
            labels = checked_json(labels, f"annotate {quoted(ref)}", "labels")
        changes = passed(notes=notes, labels=labels)
        return with_numbers(self._connection.json("PATCH", annotations_of(ref), changes))

    def stored_annotations(self, ref: str) -> Json:
        data = b"".join(self._connection.read(annotations_of(ref)))
        annotations: Json = json.loads(data) if data else {}
        return annotations

    def set_alias(
        self,
        name: str,
        alias: str,
        version: str,
        *,
        force: bool = False,
        expected: str | None | Unset = UNSET,
    ) -> None:
        """Points an alias to a version.

        With `expected=`, only if it names that version now; None if it must not exist. `force`
        also moves an alias that a rule protects.
        """
        body = passed(version=version, expected=expected, force=force or UNSET)
        path = f"{path_of(name)}/aliases/{quote(alias)}"
        self._connection.json("PUT", path, body, again=expected is UNSET)

    def rollback_alias(
        self,
        name: str,
        alias: str,
        *,
        force: bool = False,
        expected: str | None | Unset = UNSET,
    ) -> RolledBackAlias:
        """Points an alias to the version that it named before, unless it is changed meanwhile.

        With `expected=`, only if it names that version now; None if it does not exist. `force`
        also moves an alias that a rule protects.
        """
        path = f"{path_of(name)}/aliases/{quote(alias)}/rollback"
        body = passed(expected=expected, force=force or UNSET)
        found = self._connection.json("POST", path, body, again=False)
        return RolledBackAlias(found["version"], found.get("was"))

    def delete_alias(self, name: str, alias: str, *, force: bool = False) -> bool:
        """Removes an alias, and returns whether it existed.

        `force` also removes one that a rule protects.
        """
        query = "?force=true" if force else ""
        return self._deleted(f"{path_of(name)}/aliases/{quote(alias)}{query}")

    def delete(
        self,
        ref: str,
        *,
        version: str | None = None,
        all_versions: bool = False,
        force: bool = False,
    ) -> bool:
        """Deletes a version, or all versions of a name. Returns whether there was one.

        The version is in the ref or in `version`. `force` also deletes one that an alias names.
        """
        name, at, wanted = parts_of(ref_with(ref, version))
        query = "?force=true" if force else ""
        if at and not all_versions:
            return self._deleted(f"{path_of(name)}/versions/{quote(wanted)}{query}")
        if at or not all_versions:
            message = f"Cannot delete {quoted(ref)}: give one version, or a name and all_versions"
            raise HoldfastError("Invalid", message, 'Call delete("name@1.0.0").')
        return self._deleted(f"{path_of(name)}?allVersions=true{query.replace('?', '&')}")

    def undelete(self, ref: str) -> Saved:
        """Restores a deleted version, `name@1.0.0`, while its files are there.

        That is for the grace period, and then until `holdfast gc` runs.
        """
        name, _, wanted = parts_of(ref)
        if parse_version(wanted) is None:
            message = f"Cannot undelete {quoted(ref)}: give one version"
            hint = f"Pass {quoted(f'{name}@1.0.0')}; deleted({quoted(name)}) lists them."
            raise HoldfastError("Invalid", message, hint)
        path = f"{path_of(name)}/versions/{quote(wanted)}/undelete"
        facts = self._connection.json("POST", path, again=False)
        return saved_of(facts)

    def deleted(self, name: str, range: str | None = None) -> Iterator[DeletedVersion]:
        """Yields the deleted versions that `undelete` can restore, the highest first."""
        query = {"deleted": "true", **({"range": range} if range is not None else {})}
        for item in self._items(f"{path_of(name)}/versions", **query):
            times = item.get("deleted", {})
            yield DeletedVersion(item["version"], times.get("at"), times.get("until"))

    def _deleted(self, path: str) -> bool:
        return bool(self._connection.json("DELETE", path, again=False).get("deleted"))

    def _items(self, path: str, **query: str) -> Iterator[Any]:
        seen: set[str] = set()
        while True:
            page = self._connection.json("GET", f"{path}?{urllib.parse.urlencode(query)}")
            if not is_list(page.get("items")) or str(page.get("next")) in seen:
                raise self._connection.foreign(path)
            yield from page["items"]
            if not page.get("next"):
                return
            query["after"] = str(page["next"])
            seen.add(query["after"])


def with_numbers(annotations: Json) -> Json:
    if "labels" in annotations:
        annotations["labels"] = from_metadata(annotations["labels"])
    return annotations
