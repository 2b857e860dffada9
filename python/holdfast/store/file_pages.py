"""The list of files of a version: in its record, in an object, or in pages (section 3.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..core.errors import Json, damaged
from ..core.records import (
    MAX_LIST_BYTES,
    PAGED_FORMAT,
    VALUES_FORMAT,
    Record,
    check_files,
    is_whole,
    list_size,
    parse_json,
)
from ..core.shapes import is_dict, is_list

MAX_PAGE_BYTES = 16 * 2**20
MAX_LEVELS = 64

Read = Callable[[str, int, int], Iterator[bytes]]


class Page(NamedTuple):
    """A page whose folder is known, and what it must have."""

    place: Json
    folder: str
    files: int
    bytes: int
    first: str | None
    next: str | None


def files_of(record: Record, read: Read) -> list[Json]:
    """Returns the files of a version, checked. Raises `MissingObject` if a part of it is gone."""
    members, what = record.members, f'"{record.entry.key}"'
    files, size, inline = members["files"], int(members["size"]), len(record.inline)
    if "fileList" in members:
        place = members["fileList"]
        levels = place.get("levels") if is_dict(place) else None
        most = MAX_LIST_BYTES if levels is None else MAX_PAGE_BYTES
        whole = list_size(place)
        if files or whole is None or whole > most:
            raise damaged(what, 'invalid member "fileList"')
        is_free = members["format"] == VALUES_FORMAT  # with pages or without
        if not is_free and (levels is not None) != (members["format"] == PAGED_FORMAT):
            raise damaged(what, "its list of files does not have its format")
        if levels is None:
            name, own = _folders(record)
            files = _read(read, f"objects/{name}/{place.get('from') or own}", place, what)
        else:
            return _paged(record, read, what)
    elif members["format"] == PAGED_FORMAT:
        raise damaged(what, "its list of files does not have its format")
    check_files(files, what, size, inline)
    if members["format"] != VALUES_FORMAT and any("values" in file for file in files):
        raise damaged(what, "its list of files does not have its format")
    return list(files)


def _folders(record: Record) -> tuple[str, str]:
    """Returns the segment of the name, and the payload folder of a record."""
    _, name, _, _, order, _ = record.entry.key.split("/")
    return name, f"{order}/{record.members['commit']}"


def _paged(record: Record, read: Read, what: str) -> list[Json]:
    place, (name, own) = record.members["fileList"], _folders(record)
    levels, count = place["levels"], place.get("files")
    if not is_whole(levels) or not 1 <= levels <= MAX_LEVELS or not is_whole(count) or not count:
        raise damaged(what, 'invalid member "fileList"')
    size, folder = int(record.members["size"]), str(place.get("from") or own)
    pages = [Page(place, folder, int(count), size, None, None)]
    for _ in range(int(levels)):
        pages = [below for page in pages for below in _below(page, name, read, what)]
    files: list[Json] = []
    for page in pages:
        rows = _read(read, f"objects/{name}/{page.folder}", page.place, what)
        check_files(rows, what, page.bytes, len(record.inline))
        _check_order([file["path"] for file in rows], page, what)
        if len(rows) != page.files:
            raise damaged(what, "a page of files has another number of files")
        for file in rows:
            if page.folder != own and ("parts" in file or "chunks" in file):
                file.setdefault("from", page.folder)
        files += rows
    return files


def _below(page: Page, name: str, read: Read, what: str) -> Iterator[Page]:
    """Yields the pages that a page of pages has."""
    rows = _read(read, f"objects/{name}/{page.folder}", page.place, what)
    if not is_list(rows) or not all(_is_page(row) for row in rows):
        raise damaged(what, "a page of pages is invalid")
    _check_order([row["first"] for row in rows], page, what)
    totals = sum(int(row["files"]) for row in rows), sum(int(row["bytes"]) for row in rows)
    if totals != (page.files, page.bytes):
        raise damaged(what, "a page of pages does not add up")
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        following = after["first"] if after else page.next
        folder = row.get("from") or page.folder
        yield Page(row, folder, int(row["files"]), int(row["bytes"]), row["first"], following)


def _is_page(row: Any) -> bool:
    size = list_size(row)
    return (
        size is not None
        and size <= MAX_PAGE_BYTES
        and isinstance(row.get("first"), str)
        and is_whole(row.get("files"))
        and row["files"] > 0
        and is_whole(row.get("bytes"))
    )


def _check_order(paths: list[str], page: Page, what: str) -> None:
    """Paths are sorted as UTF-8, which is the order of their characters."""
    ascending = all(a < b for a, b in zip(paths, paths[1:], strict=False))
    begins = bool(paths) and page.first in (None, paths[0])
    if not ascending or not begins or (page.next is not None and paths[-1] >= page.next):
        raise damaged(what, "a page of files is not in order")


def _read(read: Read, folder: str, place: Json, what: str) -> Any:
    size, offset = list_size(place), int(place.get("offset", 0))
    data = b"".join(read(f"{folder}/{int(place['object'])}", offset, size or 0))
    if hashlib.sha256(data).hexdigest() != place["sha256"]:
        raise damaged(what, "its list of files does not have its SHA-256")
    return parse_json(data, f"the list of files of {what}")
