"""The owner of a record, by its key, and the location of its payload."""

from __future__ import annotations

from ..core.errors import Json
from ..core.names import decode_segment
from ..core.records import Record
from ..core.versions import Version, decode_order, encode_order, parse_version


def is_own(members: Json, parts: list[str]) -> bool:
    """Returns whether a record is of the version, alias or note of its key."""
    text = members.get("version")
    version = parse_version(text) if isinstance(text, str) else None
    if members["name"] != decode_segment(parts[1]):
        return False
    if parts[2] == "aliases":
        return version is not None and members["alias"] == decode_segment(parts[3])
    if parts[2] == "versions":
        return version is not None and version == version_of("/".join(parts))
    if text is None or version is None:
        return text is None and parts[3] == "name"
    return parts[3] in ("_", encode_order(version))


def version_of(key: str) -> Version:
    """Returns the version of a record's key below `versions/`."""
    return decode_order(key.split("/")[4]) or Version(1, 0, 0)


def annotations_in(record: Record) -> Json:
    """Returns the notes and labels in a record, as a service returns them."""
    members = {
        **record.members,
        "revision": record.members["generation"],
        "changedAt": record.members["createdAt"],
    }
    names = ("notes", "labels", "revision", "changedAt", "by")
    return {name: members[name] for name in names if name in members}


def payload_key(record: Record, file: Json, part: Json) -> str:
    """Returns the key of the object of a part."""
    _, name, _, _, order, _ = record.entry.key.split("/")
    place = part.get("from") or file.get("from") or f"{order}/{record.members['commit']}"
    return f"objects/{name}/{place}/{int(part['object'])}"
