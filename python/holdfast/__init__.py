"""Reads registries of Holdfast, and writes to them through a service.

import holdfast

registry = holdfast.open_registry("./.holdfast")  # or s3://…, gs://…, http://…
config = registry.load("my:config@production")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .artifacts.artifact import Artifact
from .artifacts.listing import AliasChange, Listing, RolledBackAlias
from .artifacts.registry import Registry
from .artifacts.search import Found
from .client.saving import Saved
from .core.author import Author
from .core.errors import (
    AlreadyExists,
    Conflict,
    Corrupt,
    Denied,
    HoldfastError,
    Invalid,
    NotFound,
    TaskFailed,
    Unavailable,
    Unknown,
    Unsupported,
)
from .core.words import missing
from .files.file import File
from .local_service import service
from .locations import connect, open_registry
from .runs.run import LoggedRun, Run
from .service_registry import ServiceRegistry

__all__ = [
    "AliasChange",
    "AlreadyExists",
    "Artifact",
    "Author",
    "Conflict",
    "Corrupt",
    "Denied",
    "File",
    "Found",
    "HoldfastError",
    "Invalid",
    "Listing",
    "LoggedRun",
    "NotFound",
    "Registry",
    "RolledBackAlias",
    "Run",
    "TaskFailed",
    "Unavailable",
    "Unknown",
    "Unsupported",
    "Saved",
    "ServiceRegistry",
    "connect",
    "open_registry",
    "service",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing(f"module {__name__!r}", name, None)
