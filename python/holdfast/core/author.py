"""Who saved, moved or deleted something."""

from __future__ import annotations

from typing import NamedTuple

from .errors import Json


class Author(NamedTuple):
    """A name that a program claimed, or with `token` the sender that a service accepted."""

    name: str
    token: str | None = None


def author_in(facts: Json) -> Author | None:
    """Returns the author in a record or an answer, if it has one that this release understands."""
    by = facts.get("by")
    if not isinstance(by, dict) or not isinstance(by.get("name"), str):
        return None
    token = by.get("token")
    return Author(by["name"], token if isinstance(token, str) else None)
