"""A run as a listing shows it."""

from __future__ import annotations

from typing import Any, NamedTuple


class LoggedRun(NamedTuple):
    """A run that is not finished."""

    name: str
    id: str
    state: str
    """`running`, `failed`, `finishing`, or `silent`: nothing was stored for two minutes."""
    points: int
    params: dict[str, Any]
    started_at: str
    last_at: str
    reason: str | None
    """Why it failed."""
    tags: dict[str, Any]
