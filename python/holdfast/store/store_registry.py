"""A registry read from its folder or bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import partial

from ..artifacts.artifact import Artifact
from ..artifacts.listing import AliasChange, Listing
from ..artifacts.registry import Registry
from ..core.author import author_in
from ..core.errors import HoldfastError, Json, damaged, quoted
from ..core.keys import cell_of
from ..core.names import decode_segment, encode_segment
from ..core.records import (
    CELL_KINDS,
    MAX_RECORD_BYTES,
    TOMBSTONE_BYTES,
    Record,
    all_parts,
    is_whole,
    milliseconds,
    parse_record,
)
from ..core.store import Entry, MissingObject
from ..core.versions import (
    MAX_SAFE,
    Range,
    Version,
    check_alias,
    encode_order,
    parse_range,
    parse_ref,
    parse_version,
)
from ..files.chunks import MAX_CHUNK_LIST, MAX_CHUNKS, Chunks, cut
from ..files.held import Held, Source
from ..files.weights import Stored as ValuesStored
from ..files.weights import ahead, plain_facts, plain_range
from .buckets import GcsStore, S3Store
from .checked_aliases import is_as_checked, is_protected
from .file_pages import files_of
from .folder import FolderStore
from .owners import annotations_in, is_own, payload_key, version_of
from .reads import Piece, Read, plan, whole_run


class StoreRegistry(Registry):
    """A registry read from its store, without a service."""

    def __init__(self, store: FolderStore | S3Store | GcsStore) -> None:
        self._store = store
        self._lists: dict[tuple[str, int], Chunks] = {}
        self._held = Held()
        self.location: str = store.location
        entry = self._newest_settings()
        if entry is None:
            message = f"Cannot open {quoted(self.location)}: no registry found"
            hint = "Check the location, or create one in a folder: holdfast.service(registry=…)."
            raise HoldfastError("NotFound", message, hint)
        settings = self._record(entry).members["settings"]
        versioned, grace = settings.get("versioned"), settings.get("leastGraceMs")
        if not isinstance(versioned, bool) or not is_whole(grace):
            raise damaged(f'"{entry.key}"', "invalid settings")
        self._versioned, self._grace = versioned, int(grace)
        if isinstance(store, FolderStore):
            store.folded = "locking" in settings  # else it is a plain copy of a bucket
        elif "locking" in settings:
            message = f"Cannot open {quoted(self.location)}: its files were copied from a folder"
            raise HoldfastError("Unsupported", message, "Copy it with `holdfast mirror`.")

    def _newest_settings(self) -> Entry | None:
        return next(iter(self._heads("settings/")), None)

    def names(self, prefix: str = "") -> Iterator[str]:
        for segment in self._store.folders("names/"):
            name = decode_segment(segment)
            is_listed = name is not None and name.startswith(prefix)
            if is_listed and next(self._live(str(name)), None) is not None:
                yield str(name)

    def versions(self, name: str, range: str | None = None) -> Iterator[str]:
        wanted = parse_range(range) if range is not None else None
        if range is not None and wanted is None:
            message = f"Cannot list {quoted(name)}: {range!r} is not a range"
            raise HoldfastError("Invalid", message, "Write it as ^1.2, >=1.0.0 <3.0.0 or 1.x.")
        found = [version_of(entry.key) for entry in self._live(name)]
        for version in sorted(found, key=lambda version: version.precedence, reverse=True):
            if wanted is None or wanted.includes(version):
                yield str(version)

    def aliases(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in self._heads(f"names/{encode_segment(name)}/aliases/"):
            record = self._read_cell(entry.key[: entry.key.rindex("/") + 1])
            if record is not None:
                found[str(record.members["alias"])] = str(record.members["version"])
        return found

    def history(self, name: str, alias: str) -> Listing[AliasChange]:
        check_alias(alias)
        changes: Listing[AliasChange] = Listing()
        cell = f"names/{encode_segment(name)}/aliases/{encode_segment(alias)}/"
        for entry in self._generations(cell):
            try:
                record = self._record(entry)
            except MissingObject:
                continue  # collected meanwhile
            version = record.members["version"] if record.kind == "alias" else None
            created_at, commit = record.members["createdAt"], record.members["commit"]
            by = author_in(record.members)
            changes.append(AliasChange(version, created_at, commit, by))
        if not changes:
            raise self._not_found(f"{name}@{alias}", "there never was such an alias")
        return changes

    def _open(self, ref: str) -> Artifact:
        name, wanted = parse_ref(ref)
        if isinstance(wanted, Range) or wanted == "latest":
            return self._newest(ref, name, wanted if isinstance(wanted, Range) else None)
        if isinstance(wanted, Version):
            record = self._version(name, wanted)
            if record is None:
                raise self._not_found(ref, f"there is no version {wanted}")
            return self._artifact(record)
        return self._artifact(self._by_alias(ref, name, wanted))

    def _version(self, name: str, version: Version) -> Record | None:
        cell = f"names/{encode_segment(name)}/versions/"
        if self._versioned:
            kind = "prerelease" if version.prerelease else "final"
            return self._read_cell(f"{cell}{kind}/{encode_order(version)}/")
        return self._read_cell(cell + "single/_/") if version == Version(1, 0, 0) else None

    def _by_alias(self, ref: str, name: str, alias: str) -> Record:
        pointer, version = self._alias(ref, name, alias)
        record = self._version(name, version)
        if record is not None and is_as_checked(pointer.members, record.members):
            return record
        if self._alias(ref, name, alias)[0].entry.key != pointer.entry.key:
            return self._by_alias(ref, name, alias)  # it moved before the version was replaced
        if record is None:
            raise self._not_found(ref, f"there is no version {version}")
        if self._is_protected(name, alias):
            state = f"version {version} was overwritten after it had met the conditions of a rule"
            raise self._not_found(ref, state)
        return record

    def _is_protected(self, name: str, alias: str) -> bool:
        entry = self._newest_settings()
        settings: Json = self._record(entry).members["settings"] if entry else {}
        return is_protected(settings.get("rules") or [], name, alias)

    def _alias(self, ref: str, name: str, alias: str) -> tuple[Record, Version]:
        record = self._read_cell(f"names/{encode_segment(name)}/aliases/{encode_segment(alias)}/")
        if record is None:
            raise self._not_found(ref, "there is no such version or alias")
        version = parse_version(record.members["version"])
        if version is None:
            raise damaged(f'"{record.entry.key}"', 'invalid member "version"')
        return record, version

    def _newest(self, ref: str, name: str, wanted: Range | None) -> Artifact:
        entries: Iterable[Entry] = self._live(name)
        if wanted is not None:
            matching = [entry for entry in entries if wanted.includes(version_of(entry.key))]
            entries = sorted(matching, key=lambda e: version_of(e.key).precedence, reverse=True)
        for entry in entries:
            record = self._read_cell(entry.key[: entry.key.rindex("/") + 1])
            if record is not None:
                return self._artifact(record)
        raise self._not_found(ref, "there is no such version" if wanted else "it has no versions")

    def _not_found(self, ref: str, state: str) -> HoldfastError:
        hint = "List what exists: `names()`, `versions(name)`, or the commands `ls` and `versions`."
        return HoldfastError("NotFound", f"Cannot find {quoted(ref)}: {state}", hint)

    def stored_annotations(self, ref: str) -> Json:
        name, at, _ = ref.partition("@")
        order = "name"
        if at:
            artifact = self.open(ref)
            name, version = artifact.name, parse_version(artifact.version)
            order = encode_order(version) if self._versioned and version else "_"
        elif next(self._live(name), None) is None:
            raise self._not_found(ref, "it has no versions")
        record = self._read_cell(f"names/{encode_segment(name)}/notes/{order}/")
        return {} if record is None else annotations_in(record)

    def deletions(self, name: str) -> Iterator[tuple[Version, str, str | None]]:
        for entry in self._heads(f"names/{encode_segment(name)}/versions/", deleted=True):
            members = self._record(entry).members
            yield version_of(entry.key), members["createdAt"], members.get("since")

    def _generations(self, cell: str) -> Iterator[Entry]:
        """Yields the records of a cell, the newest first."""
        return (entry for entry in self._store.list(cell) if cell_of(entry.key) == cell)

    def _heads(self, prefix: str, deleted: bool = False) -> Iterator[Entry]:
        """Yields the head of each cell below a prefix, of those that are deleted or of others."""
        last = ""
        for entry in self._store.list(prefix):
            cell = cell_of(entry.key)
            if cell is not None and cell != last:
                last = cell
                if (entry.size == TOMBSTONE_BYTES) == deleted:
                    yield entry

    def _live(self, name: str) -> Iterator[Entry]:
        """Yields the heads of all versions: releases, then prereleases, the highest first."""
        return self._heads(f"names/{encode_segment(name)}/versions/")

    def _record(self, entry: Entry) -> Record:
        data = b"".join(self._store.read(entry.key, 0, MAX_RECORD_BYTES + 1))
        record = parse_record(data, entry)
        what, members, parts = f'"{entry.key}"', record.members, entry.key.split("/")
        if parts[0] != "names":
            if record.kind != "settings":
                raise damaged(what, "it is not a record of settings")
            return record
        if record.kind not in CELL_KINDS[parts[2]]:
            raise damaged(what, f"it is a record of the kind {record.kind}")
        if record.kind in ("version", "alias", "note") and not is_own(members, parts):
            raise damaged(what, "it is the record of something else")
        return record

    def _read_cell(self, cell: str) -> Record | None:
        """Returns the record of a cell that counts, or None if it holds nothing (section 4)."""
        missing = ""
        while True:
            is_head, again = True, False
            for entry in self._generations(cell):
                if entry.size == TOMBSTONE_BYTES:
                    return None
                try:
                    record: Record | None = self._record(entry)
                except MissingObject:
                    record = None
                if record is None or record.kind == "scrubbed":
                    if not is_head:
                        return None
                    if missing == entry.key:
                        raise damaged(f'"{entry.key}"', "it is listed, but not there")
                    missing, again = entry.key, True
                    break
                if record.kind != "version" or not self._has_expired(record):
                    return record
                is_head = False
            if not again:
                return None

    def _has_expired(self, record: Record) -> bool:
        """Returns whether a record came late, and its payload was collected (section 4)."""
        started = milliseconds(record.members["startedAt"])
        if record.entry.modified - started <= self._grace / 2:
            return False
        if list(self._generations("settings/"))[-1].modified > started:
            return False
        try:
            keys = [
                payload_key(record, file, part)
                for file in self._files(record)
                for part in all_parts(file)
            ]
        except MissingObject:
            return True
        return not all(self._store.has(key) for key in dict.fromkeys(keys))

    def _files(self, record: Record) -> list[Json]:
        """Returns the files of a version, also from a long list (section 3.1)."""
        materializer, what = record.members["materializer"], f'"{record.entry.key}"'
        if not isinstance(materializer.get("id"), str) or not is_whole(
            materializer.get("formatVersion")
        ):
            raise damaged(what, 'invalid member "materializer"')
        return files_of(record, self._store.read)

    def _artifact(self, record: Record) -> Artifact:
        try:
            files = self._files(record)
        except MissingObject as error:
            raise self._gone(record, f'"{error}"') from None
        plain = [plain_facts(file) for file in files]
        reads = Source(self._held, partial(self._range, record), partial(self._list, record))
        return Artifact({**record.members, "files": plain}, partial(self._stored, record), reads)

    def _stored(
        self, record: Record, file: Json, start: int = 0, size: int | None = None
    ) -> Iterator[bytes]:
        """Yields the stored bytes of a file, or a checked range of them."""
        if size is None:
            yield from self._range(record, file, start, MAX_SAFE)
            return
        end = start + size
        chunks = self._chunks(record, file)
        at, last = chunks.around(start, end)
        for data in chunks.checked(at, self._range(record, file, at, last)):
            if data is None:
                raise damaged(subject(record, file), f"SHA-256 mismatch of the bytes at {at}")
            yield data[max(start - at, 0) : end - at]
            at += len(data)

    def _chunks(self, record: Record, file: Json) -> Chunks:
        """Returns the chunks of a file. Keeps them for the next ranges."""
        known = (file.get("chunks") or file)["sha256"], int(file["size"])
        chunks = self._lists.get(known) or self._read_chunks(record, file)
        self._lists[known] = chunks
        while sum(map(len, list(self._lists.values()))) > 2 * MAX_CHUNKS:
            self._lists.pop(next(iter(self._lists)), None)
        return chunks

    def _read_chunks(self, record: Record, file: Json) -> Chunks:
        """Reads the list of chunks of a file, or makes one: then it reads and checks the file."""
        size = int(file["size"])
        if "chunks" not in file:
            data, digest = cut(self._range(record, file, 0, size), size)
            if digest != file["sha256"]:
                raise damaged(subject(record, file), "SHA-256 mismatch")
            return Chunks(data, size)
        place, data = file["chunks"], b""
        if int(place["size"]) <= MAX_CHUNK_LIST:
            data = self._list(record, file, place)
        chunks = Chunks(data, size)
        if not chunks.is_valid or hashlib.sha256(data).hexdigest() != place["sha256"]:
            raise damaged(subject(record, file), "its list of chunks is damaged")
        return chunks

    def _range(self, record: Record, file: Json, start: int, end: int) -> Iterator[bytes]:
        """Yields stored bytes of a file, unchecked; plain ones of a file stored by values."""
        if "values" in file:
            to_its_end, end = end >= int(file["size"]), min(end, int(file["size"]))
            stored: ValuesStored = partial(self._range, record)
            stored, lists = ahead(stored) if to_its_end else stored, partial(self._list, record)
            yield from plain_range(file, start, end, subject(record, file), stored, lists)
            return
        if "inline" in file:
            offset, length = map(int, file["inline"])
            yield record.inline[offset : offset + length][start:end]
        pieces: list[Piece] = []
        begin = 0  # of the part, in the file
        for part in file.get("parts", ()):
            length = int(part["size"])
            first, last = max(start - begin, 0), min(end - begin, length)
            begin += length
            if first >= last:
                continue
            key, offset = payload_key(record, file, part), int(part.get("offset", 0))
            pieces.append(Piece(key, offset, length, first, last))
        run = whole_run(pieces)
        if run is not None:
            yield from self._object(record, file, run.key, run.offset, run.size)
            return
        held: dict[str, tuple[Read, bytes]] = {}
        for slices in plan(pieces):
            for read, at, to in slices:
                if read.key not in held or held[read.key][0] is not read:
                    held.pop(read.key, None)  # until the next of the object
                    size = read.end - read.offset
                    chunks = self._object(record, file, read.key, read.offset, size)
                    held[read.key] = read, b"".join(chunks)
                yield held[read.key][1][at - read.offset : to - read.offset]

    def _list(self, record: Record, file: Json, place: Json) -> bytes:
        """Returns the bytes of a list that a file has in an object."""
        key, offset = payload_key(record, file, place), int(place.get("offset", 0))
        return b"".join(self._object(record, file, key, offset, int(place["size"])))

    def _object(
        self, record: Record, file: Json, key: str, offset: int, size: int
    ) -> Iterator[bytes]:
        """Yields `size` bytes of an object, which belong to a file."""
        left, what = size, subject(record, file)
        try:
            for chunk in self._store.read(key, offset, size):
                left -= len(chunk)
                yield chunk
        except MissingObject:
            raise self._gone(record, what) from None
        if left:
            raise damaged(what, f"a stored object is cut off: {left} of {size} bytes are missing")

    def _gone(self, record: Record, what: str) -> HoldfastError:
        """Returns the error for payload that is missing: of an old version, or damaged."""
        cell = record.entry.key[: record.entry.key.rindex("/") + 1]
        head = next(self._generations(cell), None)
        is_deleted = head is None or head.size == TOMBSTONE_BYTES  # may have the key of the version
        if head is not None and not is_deleted and head.key == record.entry.key:
            return damaged(what, "a stored object is missing")
        ref = quoted(f"{record.members['name']}@{record.members['version']}")
        how = "deleted" if is_deleted else "replaced"
        hint = "Save it again, or copy it from a mirror." if is_deleted else "Open it again."
        message = f"Cannot read {ref}: it was {how}, and its files are gone"
        return HoldfastError("Conflict", message, hint)


def subject(record: Record, file: Json) -> str:
    """Returns a file of a version for a message."""
    ref = f"{record.members['name']}@{record.members['version']}"
    return f"{quoted(file['path'])} of {quoted(ref)}"
