"""Registries of folders and buckets by their location."""

from __future__ import annotations

import urllib.parse
from typing import Any

from ..core.errors import HoldfastError, quoted
from .buckets import GcsStore, S3Store, gcs_store, s3_store
from .folder import FolderStore
from .store_registry import StoreRegistry


def open_store(text: str, s3: Any, gcs: Any) -> StoreRegistry:
    """Opens the registry in a folder or a bucket, with a client of S3 or GCS if one is given."""
    try:
        url = urllib.parse.urlsplit(text)
    except ValueError:
        hint = "Fix the URL, or write a folder as ./folder."
        raise HoldfastError("Invalid", f"Cannot open {quoted(text)}: not a URL", hint) from None
    place = (url.netloc, urllib.parse.unquote(url.path))
    query = dict(urllib.parse.parse_qsl(url.query))
    endpoint = query.get("endpoint")
    if url.scheme in ("s3", "minio"):
        own = (*place, endpoint, query.get("region"))
        return StoreRegistry(S3Store(s3, *place) if s3 else s3_store(*own))
    if url.scheme in ("gs", "gcs"):
        return StoreRegistry(GcsStore(gcs, *place) if gcs else gcs_store(*place, endpoint))
    if url.scheme == "file":
        from urllib.request import url2pathname  # loads all of HTTP

        text = url2pathname(url.path)
    elif "://" in text:
        message = f"Cannot open {quoted(text)}: unknown kind of location"
        hint = "Use a folder, s3://bucket/prefix, gs://bucket/prefix, or the URL of a service."
        raise HoldfastError("Unsupported", message, hint)
    return StoreRegistry(FolderStore(text))
