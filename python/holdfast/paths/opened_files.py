"""Open files of fsspec."""

# fsspec has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportIncompatibleMethodOverride=false, reportArgumentType=false

from __future__ import annotations

import io
from typing import Any

from fsspec.spec import AbstractBufferedFile

from ..core.errors import HoldfastError
from ..files.file import File
from .written import Written, WrittenFile

SENT_AT_ONCE = 8 * 2**20
MOST_KEPT = 16 * 2**20
"""A file of at most this size can be read before the commit."""


class RangedFile(AbstractBufferedFile):  # type: ignore[misc,unused-ignore]
    """A large file, which is read by ranges."""

    def __init__(self, *arguments: Any, file: File, **options: Any) -> None:
        self._file = file
        super().__init__(*arguments, **options)

    def _fetch_range(self, start: int, end: int) -> bytes:
        return self._file.range(start, end - start)


class NewFile(AbstractBufferedFile):  # type: ignore[misc,unused-ignore]
    """A file of a draft, which is sent while it is written, and added when it is closed.

    It is not added if its block fails, or the program ends.
    """

    def __init__(
        self, fs: Any, path: str, written: Written, inner: str, only_new_bytes: bool
    ) -> None:
        super().__init__(fs, path, "wb", SENT_AT_ONCE)
        self._written = written
        self._inner = inner
        self._part = written.begin(inner)
        self._is_discarded = False
        self._failure: HoldfastError | None = None
        self._writer = written.draft.writer(inner, self._part, only_new_bytes)
        self._kept: bytearray | None = bytearray()

    def write(self, data: Any) -> int:  # fsspec has the type str
        if self._is_discarded:  # a compressor still writes its last bytes
            return len(data)
        try:
            return int(super().write(data))
        except HoldfastError as error:
            self._failure = error
            raise

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._written.end(self._part)

    def _upload_chunk(self, final: bool = False) -> bool:
        data = self.buffer.getvalue()
        self._writer.write(data)
        if self._kept is not None and len(self._kept) + len(data) <= MOST_KEPT:
            self._kept += data
        else:
            self._kept = None
        if final:
            size = self._writer.end().size
            kept = None if self._kept is None else bytes(self._kept)
            self._written.note(self._inner, WrittenFile(size, self._part, kept))
        return True

    def discard(self) -> None:
        """Ends the file without adding it."""
        self._written.end(self._part)
        self.drop()

    def drop(self) -> None:
        """Ends the file, but keeps it on the list of open files, so a commit is refused."""
        self._is_discarded = self.closed = True

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()
            if self._failure not in (None, error):  # PyTorch raises another one after it
                raise self._failure from error

    def __del__(self) -> None:  # by default, this would close the file, and so add it
        self.drop()


class CompressedFile(io.BufferedIOBase):
    """A new file that is compressed while it is written."""

    def __init__(self, compressor: Any, file: NewFile) -> None:
        self._compressor = compressor
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._compressor.write(data)
        return memoryview(data).nbytes

    def close(self) -> None:
        if not self.closed:
            self._compressor.close()
            self._file.close()
            super().close()

    def discard(self) -> None:
        self._file.discard()
        super().close()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        self._file.drop()
        super().close()


class NewText(io.TextIOWrapper):
    """A new file of text."""

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.buffer.discard()  # type: ignore[attr-defined]

    def __del__(self) -> None:
        self.buffer.__del__()  # type: ignore[attr-defined]
