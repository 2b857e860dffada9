"""Reads registries of Holdfast, and writes to them through a service.

import holdfast

registry = holdfast.open_registry("./.holdfast")  # or s3://…, gs://…, http://…
config = registry.load("my:config@production")
"""

from __future__ import annotations

from .artifact import Artifact, File
from .errors import HoldfastError
from .locations import open_registry
from .registry import Registry

__all__ = ["Artifact", "File", "HoldfastError", "Registry", "open_registry"]
