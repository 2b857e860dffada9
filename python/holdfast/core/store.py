"""What a registry needs of a store."""

from __future__ import annotations

from typing import NamedTuple

CHUNK = 1 << 20


class MissingObject(Exception):
    """An object of the store that is not there."""


class Entry(NamedTuple):
    """An object in a listing. Its time is in milliseconds of the store's clock."""

    key: str
    size: int
    modified: float
