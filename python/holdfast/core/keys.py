"""Keys of records and payload, and their paths in a folder (docs/format_on_disk.md)."""

from __future__ import annotations

import re

from .names import decode_segment
from .versions import MAX_SAFE, ORDER_NUMBER, decode_order


def generation_of(segment: str) -> int | None:
    """Returns the generation of the last segment of a record's key, or None."""
    match = re.match(r"([0-9]{16})\.rec\Z", segment)
    generation = MAX_SAFE - int(match[1]) if match else 0
    return generation if 1 <= generation <= MAX_SAFE else None


def cell_of(key: str) -> str | None:
    """Returns the folder of a record's key with its `/`, or None for a foreign key."""
    parts = key.split("/")
    if generation_of(parts[-1]) is None:
        return None
    if len(parts) == 2 and parts[0] == "settings":
        return "settings/"
    if len(parts) < 5 or parts[0] != "names" or decode_segment(parts[1]) is None:
        return None
    if parts[2] == "versions" and len(parts) == 6:
        version = decode_order(parts[4])
        is_known = (
            parts[3:5] == ["single", "_"]
            or version is not None
            and (parts[3] == ("prerelease" if version.prerelease else "final"))
        )
    elif parts[2] == "notes" and len(parts) == 5:
        is_known = parts[3] in ("name", "_") or decode_order(parts[3]) is not None
    else:
        is_known = parts[2] in ("aliases", "keys") and len(parts) == 5
        is_known = is_known and decode_segment(parts[3]) is not None
    return key[: key.rindex("/") + 1] if is_known else None


def spread(digits: str) -> str:
    return "+/".join(digits)


def name_path(segment: str) -> str:
    """Returns `<name'>`, the folders of a name."""
    for run in re.finditer(r"(?:=[0-9a-f]{2})|([0-9]+)", segment):
        digits = run[1]
        if not digits or len(digits) < 3:
            continue
        before = re.search(r"(?:=[0-9a-f]{2})?([0-9a-z]*)\Z", segment[: run.start()])
        if before and before[1] and re.match(r"[0-9a-f]+\Z", before[1]):
            continue
        places = [place for place in (2, 4, 6) if place < len(digits)]
        pieces = [digits[a:b] for a, b in zip([0, *places], [*places, len(digits)], strict=True)]
        return segment[: run.start()] + "+/".join(pieces) + segment[run.end() :]
    return segment


def order_path(order: str) -> str:
    """Returns `<order'>`, the folders of a version."""

    def split_number(number: str) -> str:
        return number if number[0] == "p" else number[0] + "+/" + spread(number[1:])

    head = re.match(ORDER_NUMBER, order)
    if not head:
        return order
    path, rest = split_number(head[0]), order[head.end() :]
    if "0" <= rest < "p9p9":
        path += "+/"
        for _ in range(2):
            number = re.match(ORDER_NUMBER, rest)
            if number:
                path += split_number(number[0])
                rest = rest[number.end() :]
    return path + re.sub(rf"n({ORDER_NUMBER})", lambda m: "n" + split_number(m[1]), rest)


def generation_path(segment: str) -> str:
    """Returns `<gen'>`, the folders of a generation."""
    if segment < "900719925474098" and re.match(r"[0-9]{11}", segment):
        return segment[:10] + "+/" + spread(segment[10:16]) + segment[16:]
    return segment


def path_of(key: str) -> str | None:
    """Returns the path of a key in a folded folder, or None for a key that has none."""
    top, _, below = key.partition("/")
    if top not in ("names", "objects"):
        return key
    parts = below.split("/")
    if "+" in below or "," in below or len(parts) < 3:
        return None
    name = f"{top}/{name_path(parts[0])}"
    if top == "objects":
        number = re.match(r"[0-9]{2,}", parts[2] if len(parts) < 4 else parts[3])
        last = parts[-1] if not number else spread(number[0]) + parts[-1][number.end() :]
        return f"{name}/{','.join([order_path(parts[1]), *parts[2:-1], last])}"
    if parts[1] != "versions":
        return "/".join([name, *parts[1:-1], generation_path(parts[-1])])
    if len(parts) != 5:
        return None
    kind, order, generation = parts[2], parts[3], generation_path(parts[4])
    joint = "/" if kind == "prerelease" else ","
    return f"{name}/versions,{kind}{joint}{order_path(order)},{generation}"
