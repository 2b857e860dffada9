"""Registries by their location."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .core.arguments import checked
from .core.errors import HoldfastError, quoted

if TYPE_CHECKING:
    from .service_registry import ServiceRegistry
    from .stored_registry import StoredRegistry


@checked
def open_registry(
    location: str | Path | None = None,
    *,
    token: str | None = None,
    s3: Any = None,
    gcs: Any = None,
    timeout: float = 60,
) -> StoredRegistry | ServiceRegistry:
    """Opens a registry. The first write to a folder starts a service, as `holdfast.service` does.

    `location` is a folder, `http://` or `https://` of a `holdfast serve`, `s3://bucket/prefix` or
    `gs://bucket/prefix` (with `?endpoint=` and `?region=` as in Holdfast). `token` is for a
    service, by default as for `connect`; `s3` is a client of boto3 and `gcs` one of
    google-cloud-storage, by default with your usual credentials. The default location is
    `$HOLDFAST_REGISTRY`, else `./.holdfast`.
    Raises `NotFound` if there is no registry.
    """
    if location is None:
        location = os.environ.get("HOLDFAST_REGISTRY") or ".holdfast"
    text = str(location)
    if isinstance(location, str):
        check_slashes(text)
    if re.match(r"https?:", text, re.IGNORECASE):
        from .service_location import connect

        return connect(text, token=token, timeout=timeout)
    from .store.open_store import open_store
    from .stored_registry import StoredRegistry

    return StoredRegistry(open_store(text, s3, gcs))


HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9.-]*):\d{1,5}(?=/|$)", re.IGNORECASE)
NO_SLASHES = re.compile(r"(?!file:)([a-z][a-z0-9+.-]+):(?!//)", re.IGNORECASE)
NO_COLON = re.compile(r"(https?|s3|minio|gs|gcs)//", re.IGNORECASE)


def check_slashes(text: str) -> None:
    """Refuses `s3:bucket/models` and `localhost:8600`, which would be folders of this machine.

    The message has no more of the text than its beginning: the rest may be secret.
    """
    if (host := HOST.match(text)) and not text.lower().startswith("http"):
        message = f"Cannot open {quoted(host[0])}: the address of a service needs a scheme"
        hint = f"Write http://{host[0]} or https. For a folder of that name write ./{host[0]}"
        raise HoldfastError("Invalid", message, hint)
    if scheme := NO_SLASHES.match(text) or NO_COLON.match(text):
        begin = "http://host:8600" if scheme[1].lower()[:4] == "http" else f"{scheme[1]}://bucket"
        message = f'Cannot open "{scheme[1]}:…": a URL needs a colon and two slashes'
        hint = f"Write {begin}. For a folder of that name write ./{scheme[1]}:…"
        raise HoldfastError("Invalid", message, hint)
