"""Who saved, moved or deleted something."""

from __future__ import annotations

from typing import NamedTuple

from .errors import Json
from .shapes import is_dict


class Author(NamedTuple):
    """A name that a program claimed, or with `token` the sender that a service accepted."""

    name: str
    token: str | None = None
    #: Commit and job of the CI system that issued the token: `dict(by.claims).get("sha")`.
    claims: tuple[tuple[str, str], ...] = ()


def author_in(facts: Json) -> Author | None:
    """Returns the author in a record or an answer, if it has one that this release understands."""
    by = facts.get("by")
    if not is_dict(by) or not isinstance(by.get("name"), str):
        return None
    token, claims = by.get("token"), by.get("claims")
    if not isinstance(token, str):
        return Author(by["name"])
    pairs = claims.items() if is_dict(claims) else ()
    texts = ((key, value) for key, value in pairs if isinstance(value, str))
    return Author(by["name"], token, tuple(texts))
