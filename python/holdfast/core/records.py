"""Records and lists of files, checked (FORMAT.md, sections 2 and 3)."""

from __future__ import annotations

import calendar
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn, cast

from .errors import HoldfastError, Json, damaged, quoted
from .keys import generation_of
from .shapes import is_dict, is_list
from .store import Entry
from .versions import MAX_SAFE

FORMAT = "holdfast/1"
PAGED_FORMAT = "holdfast/1-pages"  # of a version whose list of files is in pages
VALUES_FORMAT = "holdfast/1-values"  # of a version with files that are stored by values
TOMBSTONE_BYTES = 509
MAX_RECORD_BYTES = 16 * 2**20
MAX_LIST_BYTES = 256 * 2**20
MAX_NESTING = 128
MAX_CHAIN = 8
"""Most files of a chain that are stored by values."""


HASH = re.compile(r"[0-9a-f]{64}\Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
FROM = re.compile(r"[a-z0-9_]+/[0-9a-f-]{36}\Z")
TIME = re.compile(r"([+-]\d{6}|\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z\Z", re.ASCII)
LINE_END = re.compile(rb',"sum":"([0-9a-f]{64})"}\Z')
KINDS: dict[str, Json] = {
    "settings": {"settings": dict},
    "version": {
        "name": str,
        "version": str,
        "materializer": dict,
        "metadata": dict,
        "files": list,
        "digest": HASH,
        "size": int,
    },
    "alias": {"name": str, "alias": str, "version": str},
    "note": {"name": str, "labels": dict},
    "key": {"name": str, "key": str, "target": dict},
    "deleted": {},
    "scrubbed": {},
}
EVERY: Json = {"commit": UUID, "startedAt": TIME, "createdAt": TIME, "generation": int}
CELL_KINDS = {
    "versions": ("version", "deleted", "scrubbed"),
    "aliases": ("alias", "deleted"),
    "notes": ("note",),
}


def is_whole(value: Any) -> bool:
    """Returns whether a JSON value is a whole number from 0 to 2^53 - 1."""
    if isinstance(value, float):
        return value.is_integer() and 0 <= value <= MAX_SAFE
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SAFE


def fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, re.Pattern):
        pattern = cast("re.Pattern[str]", shape)
        return isinstance(value, str) and pattern.match(value) is not None
    return is_whole(value) if shape is int else isinstance(value, shape)


def parse_json(data: bytes, what: str) -> Any:
    """Parses JSON strictly: UTF-8, no NaN, and at most 128 values inside each other."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(data.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise damaged(what, "it is not JSON") from error
    level: list[Any] = [value] if is_dict(value) or is_list(value) else []
    for _ in range(MAX_NESTING + 1):
        inner = [item.values() if is_dict(item) else item for item in level]
        level = [child for each in inner for child in each if is_dict(child) or is_list(child)]
        if not level:
            return value
    raise damaged(what, f"it is nested more than {MAX_NESTING} deep")


class Record(NamedTuple):
    """A record that was checked: the object of its line, and its inline bytes."""

    members: Json
    inline: bytes
    entry: Entry

    @property
    def kind(self) -> str:
        return str(self.members["kind"])


def parse_record(data: bytes, entry: Entry) -> Record:
    """Returns the record of a key, or raises `Corrupt`, or `Unsupported` for another format."""
    what = f'"{entry.key}"'
    line, newline, inline = data.partition(b"\n")
    end = LINE_END.search(line)
    if len(data) > MAX_RECORD_BYTES or not newline or not end:
        raise damaged(what, "it is not a record")
    if hashlib.sha256(line[: end.start()]).hexdigest() != end[1].decode():
        raise damaged(what, "checksum mismatch")
    members = parse_json(line, what)
    is_version = members.get("kind") == "version"
    formats = (FORMAT, PAGED_FORMAT, VALUES_FORMAT) if is_version else (FORMAT,)
    if members.get("format") not in formats:
        hint = "Read it with a release of Holdfast that knows this format."
        state = f"it has the format {members.get('format')!r}"
        raise HoldfastError("Unsupported", f"Cannot read {what}: {state}", hint)
    kind = members.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise damaged(what, "unknown kind")
    if (kind == "deleted") != (len(data) == TOMBSTONE_BYTES):
        raise damaged(what, "its size does not fit its kind")
    for member, shape in {**EVERY, **KINDS[kind]}.items():
        if member not in members or not fits(members[member], shape):
            raise damaged(what, f"invalid member {quoted(member)}")
    if members["generation"] != generation_of(entry.key.rsplit("/", 1)[-1]):
        raise damaged(what, "it is of another generation")
    if inline and kind != "version":
        raise damaged(what, "it has inline bytes")
    return Record(members, inline, entry)


def milliseconds(time: str) -> int:
    """Returns the milliseconds since 1970 of a time in a record."""
    match = TIME.match(time)
    if not match:
        raise damaged("a time", f"{quoted(time)} is not one")
    year, month, day, hour, minute, second, rest = map(int, match.groups())
    shift = (year - 2000) // 400  # the calendar repeats after 400 years
    days = (year - shift * 400, month, day, hour, minute, second)
    try:
        return (calendar.timegm(days) + shift * 12_622_780_800) * 1000 + rest
    except ValueError as error:
        raise damaged("a time", f"{quoted(time)} is not one") from error


FILE_MEMBERS = {"mediaType": str, "modifiedAt": TIME, "from": FROM}


def check_files(files: Any, what: str, size: int, inline: int) -> None:
    """Raises `Corrupt` if a list of files does not follow section 3."""
    total, paths = 0, set[str]()
    if not is_list(files):
        raise damaged(what, "its list of files is not a list")
    for file in files:
        state = why_not_file(file, inline)
        if state:
            raise damaged(what, state)
        path = file["path"]
        if path in paths:
            raise damaged(what, f"the path {quoted(path)} is there twice")
        paths.add(path)
        total += file["size"]
    if total != size:
        raise damaged(what, "the sizes of its files do not add up")


def why_not_file(file: Any, inline: int) -> str:
    if not is_dict(file) or not isinstance(file.get("path"), str):
        return "a file has no path"
    path, shown = file["path"], f"file {quoted(file['path'])}"
    if not is_path(path):
        return f"{shown}: invalid path"
    if not is_whole(file.get("size")) or not fits(file.get("sha256"), HASH):
        return f"{shown}: invalid size or SHA-256"
    if file.get("mode") not in (None, "executable", "link", "folder"):
        return f"{shown}: unknown mode"
    if file.get("encoding") not in (None, "gzip", "zstd", "values"):
        return f"{shown}: unknown encoding"
    if not are_values(file):
        return f"{shown}: invalid `values`"
    for member, shape in FILE_MEMBERS.items():
        if member in file and not fits(file[member], shape):
            return f"{shown}: invalid member {quoted(member)}"
    stored = stored_size(file, inline)
    if stored is None or stored > MAX_SAFE:
        return f"{shown}: invalid `inline` or `parts`"
    if stored != file["size"] if "encoding" not in file else stored > 2 * file["size"] + 65536:
        return f"{shown}: its size does not fit its stored bytes"
    if "chunks" in file and list_size(file["chunks"]) is None:
        return f"{shown}: invalid `chunks`"
    return ""


def are_values(file: Json, chain: int = 0) -> bool:
    """Returns whether a file has what its encoding needs: by values, other files (section 3.5)."""
    if file.get("encoding") != "values":
        return "values" not in file
    values = file.get("values")
    if chain >= MAX_CHAIN or not is_list(file.get("parts")) or not is_dict(values):
        return False
    base, step = values.get("base"), values.get("step", 1)
    if list_size(values.get("groups")) is None or not is_whole(step) or step < 1:
        return False
    return "base" not in values or is_base(base, chain + 1)


def is_base(file: Any, chain: int) -> bool:
    """Returns whether a file can be a base: it is complete, and all its parts have places."""
    if not is_dict(file) or not is_whole(file.get("size")) or not fits(file.get("sha256"), HASH):
        return False
    stored = stored_size(file, 0) if is_list(file.get("parts")) else None
    if file.get("encoding", "values") != "values" or not are_values(file, chain) or stored is None:
        return False
    if "chunks" in file and list_size(file["chunks"]) is None:
        return False
    groups = [file["values"]["groups"]] if "values" in file else []
    chunks = [file["chunks"]] if "chunks" in file else []
    if not all("from" in part for part in (*file["parts"], *chunks, *groups)):
        return False
    size = int(file["size"])
    return stored <= 2 * size + 65536 if groups else stored == size


def all_parts(file: Json) -> list[Json]:
    """Returns all parts that reading a file needs: also those of the files that it is made from."""
    parts = [*file.get("parts", ()), *([file["chunks"]] if "chunks" in file else ())]
    if "values" not in file:
        return parts
    base = file["values"].get("base")
    return [*parts, file["values"]["groups"], *(all_parts(base) if base else ())]


def is_path(path: str) -> bool:
    """Returns whether a text is a relative path that stays where it is put, on every system."""
    is_unicode = not any(0xD800 <= ord(c) <= 0xDFFF for c in path)
    is_plain = not re.match(r"[A-Za-z]:", path) and not re.search(r"[\\\0]", path)
    return is_unicode and is_plain and not any(p in ("", ".", "..") for p in path.split("/"))


def stored_size(file: Json, inline: int) -> int | None:
    """Returns how many bytes of a file are stored, or None if its place is invalid."""
    if "inline" in file:
        place = file["inline"]
        if not is_list(place) or len(place) != 2 or not all(map(is_whole, place)):
            return None
        return int(place[1]) if "parts" not in file and sum(place) <= inline else None
    total, parts = 0, file.get("parts", [])
    if not is_list(parts):
        return None
    for part in parts:
        if not is_dict(part) or not is_whole(part.get("object")):
            return None
        offset, size = part.get("offset", 0), part.get("size")
        if not is_whole(offset) or not is_whole(size) or offset + size > MAX_SAFE:
            return None
        if ("from" in part and not fits(part["from"], FROM)) or (
            not fits(part["sha256"], HASH) if "sha256" in part else "encoding" in file
        ):
            return None
        total += int(part["size"])
    return total


def list_size(place: Any) -> int | None:
    """Returns the bytes of a list in an object, or None if its place is invalid."""
    if not is_dict(place) or not fits(place.get("sha256"), HASH):
        return None
    return stored_size({"parts": [place]}, 0)


def digest_of(materializer: Mapping[str, Any], files: Iterable[Mapping[str, Any]]) -> str:
    """Returns the digest of an artifact (section 3.3)."""
    kind = f"{materializer['id']} {materializer['formatVersion']}\n"
    digest = hashlib.sha256(kind.encode("utf-8", "surrogatepass"))  # a forged id may be no Unicode
    for file in sorted(files, key=lambda file: str(file["path"])):
        mode, time = file.get("mode", "-"), file.get("modifiedAt")
        path = json.dumps(file["path"], ensure_ascii=False)
        line = f"{file['sha256']} {file['size']} {mode} {path}"
        digest.update((line + (f" {time}" if time else "") + "\n").encode())
    return digest.hexdigest()
