"""Reads registries of Holdfast, and writes to them through a service.

import holdfast

registry = holdfast.open_registry("./.holdfast")  # or s3://…, gs://…, http://…
config = registry.load("my:config@production")
"""

from __future__ import annotations

import atexit
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .artifacts.artifact import Artifact
    from .artifacts.batch import BatchResult
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
    from .drafts.draft import AddedPart, Draft, DraftFile, DraftInfo
    from .explorer import Explorer, explore
    from .files.file import File
    from .local_service import service
    from .locations import open_registry
    from .new_version import NewVersion, version
    from .runs.logged_run import LoggedRun
    from .runs.run import Run
    from .service_location import connect
    from .service_registry import ServiceRegistry
    from .signatures.report import SignatureCheck, SignaturesReport
    from .signing import (
        AddedSignature,
        add_signature,
        check_signatures,
        sign_version,
        signature_bundle,
    )
    from .values.objects.table import Loading, serializer

__all__ = [
    "AddedPart",
    "AddedSignature",
    "AliasChange",
    "AlreadyExists",
    "Artifact",
    "Author",
    "BatchResult",
    "Conflict",
    "Corrupt",
    "Denied",
    "Draft",
    "DraftFile",
    "DraftInfo",
    "Explorer",
    "File",
    "Found",
    "HoldfastError",
    "Invalid",
    "Listing",
    "Loading",
    "LoggedRun",
    "NewVersion",
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
    "SignatureCheck",
    "SignaturesReport",
    "add_signature",
    "check_signatures",
    "connect",
    "explore",
    "open_registry",
    "serializer",
    "service",
    "sign_version",
    "signature_bundle",
    "version",
]

_MODULES = {
    "artifacts.artifact": ["Artifact"],
    "artifacts.batch": ["BatchResult"],
    "artifacts.listing": ["AliasChange", "Listing", "RolledBackAlias"],
    "artifacts.registry": ["Registry"],
    "artifacts.search": ["Found"],
    "client.saving": ["Saved"],
    "core.author": ["Author"],
    "drafts.draft": ["AddedPart", "Draft", "DraftFile", "DraftInfo"],
    "explorer": ["Explorer", "explore"],
    "files.file": ["File"],
    "local_service": ["service"],
    "locations": ["open_registry"],
    "new_version": ["NewVersion", "version"],
    "runs.logged_run": ["LoggedRun"],
    "runs.run": ["Run"],
    "service_location": ["connect"],
    "service_registry": ["ServiceRegistry"],
    "signatures.report": ["SignatureCheck", "SignaturesReport"],
    "signing": [
        "AddedSignature",
        "add_signature",
        "check_signatures",
        "sign_version",
        "signature_bundle",
    ],
    "values.objects.table": ["Loading", "serializer"],
}
"""Where each name is defined; all others are errors. A module is loaded when one is first used."""

if not TYPE_CHECKING:  # which would find any name

    def __getattr__(name: str) -> Any:
        known = (module for module, names in _MODULES.items() if name in names)
        found = next(known, "core.errors" if name in __all__ else "")
        if not found:
            from .core.words import missing

            raise missing(f"module {__name__!r}", name, sys.modules[__name__])
        globals()[name] = value = getattr(import_module(f".{found}", __name__), name)
        return value


def __dir__() -> list[str]:
    return __all__


@atexit.register  # here, so that it comes after functions that the program registers
def _end_runs() -> None:
    runs = sys.modules.get(f"{__name__}.runs.run")
    if runs is not None:
        runs.leave_all_runs()
