"""ZIP files of other packages without what differs in equal ones: times, addresses in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from ...core.errors import Json

UNPACKED = 2**26
"""Bytes that a file may unpack to, besides 16 times its size: those that this module writes are
not compressed."""


def check_archive(path: Path) -> None:
    """Raises `ValueError` for a file that would take much more memory than it has bytes."""
    with ZipFile(path) as file:
        size = sum(each.file_size for each in file.infolist())
    if size > UNPACKED + 16 * path.stat().st_size:
        raise ValueError(f"it is too small for the {size} bytes that it unpacks to")


def copy_archive(
    written: Path,
    path: Path,
    schemas: Sequence[str],
    change: Callable[[Json], object],
    names: dict[str, str],
) -> None:
    """Copies a file. `change` gets all objects of its JSON `schemas`; new `names` choose others."""
    numbers: dict[int, int] = {}

    def changed(node: Json) -> Json:
        for member in ("__id__", "shared_object_id"):  # addresses
            if isinstance(node.get(member), int):
                node[member] = numbers.setdefault(node[member], len(numbers) + 1)
        change(node)
        return node

    with ZipFile(written) as source, ZipFile(path, "w") as target:
        for name in schemas:
            known = json.loads(source.read(name), object_hook=changed)
            target.writestr(ZipInfo(name), json.dumps(known))
        for name in names or [each for each in source.namelist() if each not in schemas]:
            own = ZipInfo(names.get(name, name))
            with source.open(name) as data, target.open(own, "w", force_zip64=True) as out:
                shutil.copyfileobj(data, out, 2**20)
    written.unlink()
