"""Reads registries of Holdfast, and writes to them through a service.

import holdfast

registry = holdfast.open_registry("./.holdfast")  # or s3://…, gs://…, http://…
config = registry.load("my:config@production")
"""

from __future__ import annotations

from .artifact import Artifact, File
from .author import Author
from .errors import (
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
from .local_service import service
from .locations import connect, open_registry
from .registry import AliasChange, Listing, Registry, RolledBackAlias
from .runs import LoggedRun, Run
from .search import Found
from .service_registry import Saved, ServiceRegistry

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
