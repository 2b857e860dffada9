"""Uploads straight into the bucket of a service, by URLs that take these bytes and no others."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from ..core.errors import HoldfastError, Json
from ..core.store import CHUNK
from .address import may_lead
from .connection import BYTES_PER_LIMIT, Connection, opener

ATTEMPTS = 2
"""Each has another URL. What an earlier one left is garbage collected."""


MOST_WHOLE = 5 * 2**30
"""More bytes go in pieces: S3 takes at most 5 GiB at once."""

PIECE = 32 * 2**20
"""Bytes of a piece, which is in memory until it is stored."""

PIECES_AT_ONCE, MOST_PIECES, ATTEMPTS_OF_PIECES = 4, 10_000, 5


def send_direct(
    connection: Connection,
    source: BinaryIO,
    size: int,
    moved: Callable[[int], object],
    begin: Callable[[int], str],
    goes_on: bool = False,
) -> Json | None:
    """Sends a file, whole or in pieces of the upload that `begin` returns for their size. Returns
    None if the service must receive it instead. If a later save `goes_on` with the upload, a failed
    one keeps its pieces.
    """
    if not connection.sends_to_bucket:
        return None
    if size > MOST_WHOLE:
        return _send_pieces(connection, source, size, moved, begin, goes_on)
    digest = hashlib.sha256()
    for data in chunks_of(source, size):
        digest.update(data)
    asked = {"size": size, "sha256": digest.hexdigest()}
    upload = _send(connection, asked, lambda: chunks_of(source, size), moved)
    return None if upload is None else {**asked, "upload": upload}


def _send_pieces(
    connection: Connection,
    source: BinaryIO,
    size: int,
    moved: Callable[[int], object],
    begin: Callable[[int], str],
    goes_on: bool,
) -> Json | None:
    """Sends pieces as the file is read: so many are in memory, and one more that was just read."""
    piece = max(PIECE, -(-size // MOST_PIECES))
    upload = begin(piece)
    digest, at, is_sent = hashlib.sha256(), 0, True
    room = threading.Semaphore(PIECES_AT_ONCE)

    def send(data: bytes, offset: int) -> bool:
        try:
            own = hashlib.sha256(data).hexdigest()
            asked = {"size": len(data), "sha256": own, "upload": upload, "offset": offset}
            return is_sent and _send(connection, asked, lambda: iter((data,)), moved) is not None
        finally:
            room.release()

    try:
        with ThreadPoolExecutor(PIECES_AT_ONCE) as pool:
            sent: list[Future[bool]] = []
            source.seek(0)
            while at < size and is_sent:
                data = source.read(min(piece, size - at))
                if not data:
                    break
                digest.update(data)
                room.acquire()
                is_sent = all(one.result() for one in sent if one.done())
                sent = [one for one in sent if not one.done()]
                sent.append(pool.submit(send, data, at))
                at += len(data)
            is_sent = all(one.result() for one in sent) and is_sent
    except BaseException:
        if not goes_on:
            _remove(connection, upload)
        raise
    if is_sent:
        return {"size": at, "sha256": digest.hexdigest(), "upload": upload}
    _remove(connection, upload)
    return None


def _remove(connection: Connection, upload: str) -> None:
    with contextlib.suppress(HoldfastError):  # else it is garbage collected
        connection.write("DELETE", f"uploads/{upload}", b"", {"tus-resumable": "1.0.0"})


def _send(
    connection: Connection,
    asked: Json,
    chunks: Callable[[], Iterator[bytes]],
    moved: Callable[[int], object],
) -> str | None:
    """Returns the upload, or None if the bucket did not take the bytes."""
    size, is_piece = int(asked["size"]), "upload" in asked
    for attempt in range(ATTEMPTS_OF_PIECES if is_piece else ATTEMPTS):
        if attempt > 1:
            time.sleep(0.25 * attempt)
        try:
            wanted = connection.json("POST", "contents/presign", asked)
        except HoldfastError as error:
            if error.code == "Unsupported":  # of this size, or at all
                return None
            if error.code == "AlreadyExists":  # an earlier attempt or program has stored the piece
                moved(size)
                return str(asked["upload"])  # a save compares the digest of the whole
            raise
        url = str(wanted["url"])
        is_safe = url.startswith("https://") or (
            url.startswith("http://") and connection.location.startswith("http://")
        )
        if not is_safe or not may_lead(connection.location, url):
            break
        status = put(connection, url, wanted["headers"], chunks(), size, moved)
        if status in (200, 201) or (status == 412 and is_piece):  # see above
            return str(wanted["upload"])
        moved(-size)
        if status == 400:  # other bytes than those that were hashed
            return None
    connection.leave_bucket()
    return None


def put(
    connection: Connection,
    url: str,
    headers: Json,
    chunks: Iterator[bytes],
    size: int,
    moved: Callable[[int], object],
) -> int:
    """Returns the status of the answer, 0 without one. Reports `size` bytes in any case."""
    left = size

    def passing() -> Iterator[bytes]:
        nonlocal left
        for data in chunks:
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
