"""Stores by their location: folders and buckets."""

from __future__ import annotations

import urllib.parse
from typing import Any

from ..core.errors import HoldfastError, quoted
from .buckets import GcsStore, S3Store, gcs_store, s3_store
from .folder import FolderStore


def open_store(text: str, s3: Any, gcs: Any) -> FolderStore | S3Store | GcsStore:
    """Opens the store of a folder or a bucket, with a client of S3 or GCS if one is given."""
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
        return S3Store(s3, *place) if s3 else s3_store(*own)
    if url.scheme in ("gs", "gcs"):
        return GcsStore(gcs, *place) if gcs else gcs_store(*place, endpoint)
    if url.scheme == "file":
        from urllib.request import url2pathname  # loads all of HTTP

        text = url2pathname(url.path)
    elif "://" in text:
        message = f"Cannot open {quoted(text)}: unknown kind of location"
        hint = "Use a folder, s3://bucket/prefix, gs://bucket/prefix, or the URL of a service."
        raise HoldfastError("Unsupported", message, hint)
    return FolderStore(text)
