"""Registries by their location."""

from __future__ import annotations

import os
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from .artifacts.registry import Registry
from .client.connection import OWN_TOKENS
from .client.sign_in import SignIn, TokenFile
from .core.arguments import checked
from .core.errors import HoldfastError, quoted
from .service_registry import ServiceRegistry
from .store.buckets import GcsStore, S3Store, gcs_store, s3_store
from .store.folder import FolderStore
from .store.store_registry import StoreRegistry


@checked
def connect(url: str, *, token: str | None = None, timeout: float = 60) -> ServiceRegistry:
    """Opens the registry of a `holdfast serve`, to read and to write.

    `token` is by default that of a `service` of this program, else `HOLDFAST_TOKEN`, else that in
    the file `HOLDFAST_TOKEN_FILE`, which is read for each request, else that of `holdfast login`,
    which is renewed. Requests are repeated for up to `timeout` seconds.
    """
    given = token or OWN_TOKENS.get(url.rstrip("/")) or os.environ.get("HOLDFAST_TOKEN")
    if not given and (file := os.environ.get("HOLDFAST_TOKEN_FILE")):
        return ServiceRegistry(url, TokenFile(file), timeout)
    return ServiceRegistry(url, given or SignIn(url) or None, timeout)


@checked
def open_registry(
    location: str | Path | None = None,
    *,
    token: str | None = None,
    s3: Any = None,
    gcs: Any = None,
    timeout: float = 60,
) -> Registry:
    """Opens a registry to read.

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
    try:
        url = urllib.parse.urlsplit(text)
    except ValueError:
        hint = "Fix the URL, or write a folder as ./folder."
        raise HoldfastError("Invalid", f"Cannot open {quoted(text)}: not a URL", hint) from None
    if url.scheme in ("http", "https"):
        return connect(text, token=token, timeout=timeout)
    if url.scheme in ("s3", "minio"):
        query = dict(urllib.parse.parse_qsl(url.query))
        place = (url.netloc, urllib.parse.unquote(url.path))
        own = (query.get("endpoint"), query.get("region"))
        return StoreRegistry(S3Store(s3, *place) if s3 else s3_store(*place, *own))
    if url.scheme in ("gs", "gcs"):
        query = dict(urllib.parse.parse_qsl(url.query))
        place = (url.netloc, urllib.parse.unquote(url.path))
        return StoreRegistry(
            GcsStore(gcs, *place) if gcs else gcs_store(*place, query.get("endpoint"))
        )
    if url.scheme == "file":
        text = urllib.request.url2pathname(url.path)
    elif "://" in text:
        message = f"Cannot open {quoted(text)}: unknown kind of location"
        hint = "Use a folder, s3://bucket/prefix, gs://bucket/prefix, or the URL of a service."
        raise HoldfastError("Unsupported", message, hint)
    return StoreRegistry(FolderStore(text))


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
