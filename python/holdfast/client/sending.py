"""Uploads of the files of a save: small ones in its request, large ones before it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import urllib.parse
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from ..artifacts.artifact import Artifact
from ..core.errors import Conflict, HoldfastError, Json, NotFound, Unknown, changed, quoted
from ..files.cache import cache_folder
from ..files.chunks import Chunks
from ..files.progress import progress_bar
from ..files.temporary import locked, temporary_folder
from ..values.serializers import FileToSend
from . import direct
from .connection import Connection, quote
from .new_bytes import LEAST_SIZE, Comparison, Runs, compared
from .side_by_side import results_of

INLINE_BYTES = 256 * 2**10
"""The largest file that the request of a save contains."""
MOST_INLINE = 6 * 2**20
"""Bytes of all files in a request: as base64, they are as large as a piece."""
PIECE_BYTES = 8 * 2**20
AT_ONCE = 4
MOST_FILES = 100_000
TUS = {"tus-resumable": "1.0.0"}


@contextmanager
def send_files(
    connection: Connection,
    name: str,
    files: list[FileToSend],
    progress: bool | None,
    earlier: Callable[[], Artifact | None],
    may_be_direct: bool = True,
) -> Generator[list[Json], None, None]:
    """Yields the files of the request of a save, then deletes the notes that resume its uploads.

    Of large files, it sends only the bytes that the `earlier` version lacks.
    """
    if len(files) > MOST_FILES:
        message = f"Cannot save {quoted(name)}: it has more than {MOST_FILES} files ({len(files)})"
        raise HoldfastError("Invalid", message, "Save several artifacts, or one archive.")
    before = [state_of(file.content) for file in files]
    sizes = [size_of(file.content) for file in files]
    is_large = max(sizes, default=0) >= LEAST_SIZE and not connection.is_own
    sender, left = Sender(connection, earlier() if is_large else None), MOST_INLINE
    sender.may_be_direct = may_be_direct
    jobs: list[Callable[[], Json]] = []
    for file, size in zip(files, sizes, strict=True):
        is_inline = size <= min(left, INLINE_BYTES) and not is_watched(connection, file)
        left -= size if is_inline else 0
        jobs.append(partial(inline, file) if is_inline else partial(sender.send, file, size))
    with sender.written:
        with progress_bar(sum(sizes), f"Saving {name}", progress) as report:
            sender.report = report
            sent = results_of(jobs, AT_ONCE)
        for file, state in zip(files, before, strict=True):
            if state_of(file.content) != state:
                raise changed(quoted(file.path))
        for file, facts in zip(files, sent, strict=True):
            facts.update({"path": file.path}, **({"mode": file.mode} if file.mode else {}))
        yield sent
    for note in sender.notes:
        with suppress(OSError):  # what is saved stays so in a folder that became read-only
            note.unlink()


def is_watched(connection: Connection, file: FileToSend) -> bool:
    """Whether a service of the program reads a file of the user, at the time of all others."""
    return connection.is_own and isinstance(file.content, Path) and not file.given


def are_inline(sizes: list[int]) -> bool:
    """Whether the request of a save may contain all files of these sizes."""
    return sum(sizes) <= MOST_INLINE and max(sizes, default=0) <= INLINE_BYTES


def size_of(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def inline(file: FileToSend) -> Json:
    return encoded(file.content if isinstance(file.content, bytes) else file.content.read_bytes())


def encoded(data: bytes) -> Json:
    """Returns the bytes of a file for the request of a save."""
    return {"data": base64.b64encode(data).decode(), "size": len(data), "sha256": sha256(data)}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Sender:
    """Sends files before a save."""

    def __init__(self, connection: Connection, earlier: Artifact | None) -> None:
        self.connection = connection
        self.earlier = earlier
        self.report: Callable[[int], object] = lambda _: None
        self.may_be_direct = True
        self.written = ExitStack()
        """Files of this save, which are removed at its end."""
        self.notes: list[Path] = []
        self._sizes = {file.path: file.size for file in earlier.files} if earlier else {}
        self._lock = Lock()
        self._folder: Path | None = None
        self._count = 0

    def send(self, file: FileToSend, size: int) -> Json:
        content = file.content
        if self.connection.is_own:
            is_given = file.given or isinstance(content, bytes)
            if isinstance(content, bytes):
                content = self._write(content)
            self._moved(size)  # by the service, which reads it
            return {"local": os.path.realpath(content), "given": is_given}  # links are followed
        source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
        with source:
            found = self._compared(file.path, source, size)
            runs, digest = found or ([(size, None)], "")
            missing = sum(length for length, offset in runs if offset is None)
            self._moved(size - missing)
            sent = self._send(content, source, runs, missing) if missing else {"size": 0}
            if sent["size"] != missing:
                raise changed(quoted(file.path))
        if found is None or self.earlier is None:
            return sent
        return {**sent, "size": size, "sha256": digest, "earlier": runs_of(self.earlier, runs)}

    def _write(self, content: bytes) -> Path:
        """Writes bytes into a file that a service of the program reads."""
        with self._lock:
            self._folder = self._folder or self.written.enter_context(temporary_folder())
            self._count += 1
            path = self._folder / str(self._count)
        path.write_bytes(content)
        return path

    def _compared(self, path: str, source: BinaryIO, size: int) -> tuple[Runs, str] | None:
        earlier = self.earlier
        if earlier is None or path not in self._sizes or size < LEAST_SIZE:
            return None
        chunks = chunks_in(self.connection, earlier, path, self._sizes[path])
        return None if chunks is None else compared(source, size, chunks)

    def _send(self, content: bytes | Path, source: BinaryIO, runs: Runs, size: int) -> Json:
        """Sends the bytes that no other version has."""
        if len(runs) == 1 and self.may_be_direct and size >= LEAST_SIZE:
            own = None
            if isinstance(content, Path) and size > direct.MOST_WHOLE:
                own = self._note(content, [*runs, direct.PIECE])

            def begin(piece: int) -> str:
                return self._begin(own, size, piece)[0]

            sent = direct.send_direct(
                self.connection, source, size, self._moved, begin, own is not None
            )
            if sent is not None:
                return sent
        if size <= PIECE_BYTES:
            data = b"".join(pieces_of(source, runs))
            upload = send_piece(self.connection, data)
            self._moved(len(data))
            return {"upload": upload, "size": len(data), "sha256": sha256(data)}
        note = None if isinstance(content, bytes) else self._note(content, runs)
        upload, offset = self._begin(note, size)
        digest, at = hashlib.sha256(), 0
        for piece in pieces_of(source, runs):
            digest.update(piece)
            if at + len(piece) > offset:
                self._send_piece(upload, at, piece, max(offset, at))
            at += len(piece)
            self._moved(len(piece))
        return {"upload": upload, "size": at, "sha256": digest.hexdigest()}

    def _moved(self, count: int) -> None:
        with self._lock:
            self.report(count)

    def _begin(self, note: Path | None, size: int, piece: int | None = None) -> tuple[str, int]:
        """Returns an upload, of pieces in the bucket or none, and the offset where it goes on."""
        if note is not None:
            # There is none, or it is damaged, or the upload was saved or has expired.
            with suppress(OSError, UnicodeError, NotFound, Conflict):
                if re.fullmatch(r"[\w-]+", upload := note.read_text("ascii"), re.ASCII):
                    return upload, self._offset(upload)
        headers = {**TUS, "upload-length": str(size)}
        if piece is not None:
            headers["upload-metadata"] = f"pieceBytes {base64.b64encode(b'%d' % piece).decode()}"
        reply = self.connection.write("POST", "uploads", b"", headers)
        upload = str(reply.headers.get("location", "")).rstrip("/").rsplit("/", 1)[-1]
        if not upload:
            raise self.connection.foreign("uploads")
        if note is not None:
            with suppress(OSError):  # on a full disk; a later save begins again
                note.write_text(upload, "ascii")
        return upload, 0

    def _note(self, path: Path, how: Sequence[object]) -> Path | None:
        """Returns the file with the id of the upload of a file, so that a later save continues.

        Returns None while another save has it, or if the disk cannot lock it.
        """
        key = [self.connection.location, os.path.realpath(path), state_of(path), how]
        note = cache_folder() / "uploads" / sha256(repr(key).encode())
        try:
            note.parent.mkdir(parents=True, exist_ok=True)
            lock = locked(str(note), wait=False, flags=os.O_RDWR | os.O_CREAT)
        except OSError:
            return None
        with self._lock:
            self.written.callback(os.close, lock)
            self.notes.append(note)
        return note

    def _offset(self, upload: str) -> int:
        reply = self.connection.write("HEAD", f"uploads/{upload}", None, TUS)
        return int(reply.headers.get("upload-offset", 0))

    def _send_piece(self, upload: str, begin: int, piece: bytes, at: int) -> None:
        """Sends a piece. After a failure, sends the bytes that the service lacks."""
        failures, end = 0, begin + len(piece)
        while at < end:
            headers = {
                **TUS,
                "upload-offset": str(at),
                "content-type": "application/offset+octet-stream",
            }
            try:
                body = piece[at - begin :]
                self.connection.write("PATCH", f"uploads/{upload}", body, headers, again=False)
                return
            except (Unknown, Conflict):
                failures += 1
                if failures > 5:
                    raise
                at = self._offset(upload)
                if not begin <= at <= end:
                    raise self.connection.foreign(f"uploads/{upload}") from None


class StreamSender:
    """Sends a file while its bytes come, in pieces. A piece is sent again if its reply is lost."""

    def __init__(
        self,
        connection: Connection,
        begin: Callable[[], object],
        base: Callable[[], tuple[Artifact, Chunks] | None],
    ) -> None:
        """`begin` is called before anything is sent. `base` returns a version with equal bytes."""
        self._connection = connection
        self._begin = begin
        self._find_base = base
        self._base: tuple[Artifact, Comparison] | None = None
        self._rest = bytearray()
        self._uploads: list[str] = []
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data).cast("B")
        while view:
            count = PIECE_BYTES - len(self._rest)
            self._rest += view[:count]
            view = view[count:]
            if len(self._rest) == PIECE_BYTES:
                self._take()

    def _take(self) -> None:
        """Takes the bytes that have come, and sends those that the base lacks."""
        if self._size == 0:
            self._begin()
            found = self._find_base()
            self._base = None if found is None else (found[0], Comparison(found[1]))
        piece = bytes(self._rest)
        self._rest.clear()
        self._digest.update(piece)
        self._size += len(piece)
        if self._base is None:
            self._uploads.append(send_piece(self._connection, piece))
        else:
            self._send(self._base[1].take(piece))

    def _send(self, data: bytes) -> None:
        if data:
            self._uploads.append(send_piece(self._connection, data))

    def end(self) -> Json:
        """Sends the rest, and returns the file without its path."""
        if self._size == 0 and len(self._rest) <= INLINE_BYTES:
            return encoded(bytes(self._rest))
        if self._rest:
            self._take()
        facts: Json = {"size": self._size, "sha256": self._digest.hexdigest()}
        if self._base is not None:
            base, comparison = self._base
            self._send(comparison.end())
            if comparison.has_equal:
                facts["earlier"] = runs_of(base, comparison.runs)
        return {**facts, **({"uploads": self._uploads} if self._uploads else {})}


def chunks_in(connection: Connection, version: Artifact, path: str, size: int) -> Chunks | None:
    """Returns the chunks of a file in a version; None if it has no list, or was deleted."""
    versions = f"artifacts/{quote(version.name)}/versions/{quote(version.version)}"
    url = f"{versions}/chunks/{urllib.parse.quote(path)}?commit={version.commit}"
    try:
        chunks = Chunks(b"".join(connection.read(url)), size)
    except HoldfastError:
        return None
    return chunks if chunks.is_valid else None


def runs_of(version: Artifact, runs: Runs) -> Json:
    """Returns the runs of a file for the request of a save."""
    own = [{"size": length, **({} if at is None else {"at": at})} for length, at in runs]
    facts = {each: getattr(version, each) for each in ("name", "version", "commit")}
    return {**facts, "runs": own}


def send_piece(connection: Connection, data: bytes) -> str:
    """Sends bytes, and returns the id of their upload."""
    headers = {"content-type": "application/octet-stream"}
    reply = connection.write("POST", "contents", data, headers)
    return str(parse(connection, reply.body)["upload"])


def state_of(content: bytes | Path) -> tuple[int, ...] | None:
    """Returns what shows that a file was changed or replaced; None for bytes, or if it is gone."""
    with suppress(OSError):
        if isinstance(content, Path):
            status = content.stat()
            return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return None


def pieces_of(source: BinaryIO, runs: Runs) -> Iterator[bytes]:
    """Yields the bytes of the runs that no other version has."""
    piece, at = bytearray(), 0
    for length, offset in runs:
        source.seek(at)
        at += length
        while offset is None and length > 0:
            data = source.read(min(length, PIECE_BYTES - len(piece)))
            if not data:
                return  # the file has become shorter
            length -= len(data)
            piece += data
            if len(piece) == PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)


def parse(connection: Connection, body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise connection.foreign("contents") from error
