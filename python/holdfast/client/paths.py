"""Paths of the service."""

from __future__ import annotations

from ..core.names import encode_segment
from ..core.versions import parse_ref
from .connection import quote


def path_of(name: str) -> str:
    encode_segment(name)  # refuses what cannot be a name
    return f"artifacts/{quote(name)}"


def parts_of(ref: str) -> tuple[str, str, str]:
    parse_ref(ref)  # refuses what is not a ref
    return ref.partition("@")


def annotations_of(ref: str) -> str:
    name, at, wanted = parts_of(ref)
    return f"{path_of(name)}{f'/versions/{quote(wanted)}' if at else ''}/annotations"
