"""Uploads straight into the bucket of a service, by URLs that take these bytes and no others."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ..core.errors import HoldfastError, Json
from ..core.store import CHUNK
from .address import may_lead
from .connection import BYTES_PER_LIMIT, Connection, opener

ATTEMPTS = 2
"""Each has another URL. What an earlier one left is garbage collected."""


def send_direct(
    connection: Connection, source: BinaryIO, size: int, moved: Callable[[int], object]
) -> Json | None:
    """Sends a file. Returns None if the service must receive it instead."""
    if not connection.sends_to_bucket:
        return None
    digest = hashlib.sha256()
    for data in chunks_of(source, size):
        digest.update(data)
    asked = {"size": size, "sha256": digest.hexdigest()}
    for _ in range(ATTEMPTS):
        try:
            wanted = connection.json("POST", "contents/presign", asked)
        except HoldfastError as error:
            if error.code == "Unsupported":  # of this size, or at all
                return None
            raise
        url = str(wanted["url"])
        is_safe = url.startswith("https://") or (
            url.startswith("http://") and connection.location.startswith("http://")
        )
        if not is_safe or not may_lead(connection.location, url):
            break
        status = put(connection, url, wanted["headers"], source, size, moved)
        if status in (200, 201):
            return {**asked, "upload": str(wanted["upload"])}
        moved(-size)
        if status == 400:  # other bytes than those that were hashed
            return None
    connection.leave_bucket()
    return None


def put(
    connection: Connection,
    url: str,
    headers: Json,
    source: BinaryIO,
    size: int,
    moved: Callable[[int], object],
) -> int:
    """Returns the status of the answer, 0 without one. Reports `size` bytes in any case."""
    left = size

    def passing() -> Iterator[bytes]:
        nonlocal left
        for data in chunks_of(source, size):
            left -= len(data)
            moved(len(data))
            yield data

    own = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
    request = urllib.request.Request(url, passing(), {**headers, **own}, method="PUT")
    limit = connection.timeout * (1 + size // BYTES_PER_LIMIT)
    try:
        with opener(connection.is_own).open(request, timeout=limit) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (OSError, ValueError, http.client.HTTPException):
        return 0  # not shown: its message may have the URL, which is a secret
    finally:
        moved(left)


def chunks_of(source: BinaryIO, size: int) -> Iterator[bytes]:
    """Yields the first `size` bytes of a file; fewer if it has become shorter."""
    source.seek(0)
    while size > 0 and (data := source.read(min(CHUNK, size))):
        size -= len(data)
        yield data
