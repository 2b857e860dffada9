"""Transactions of fsspec."""

# fsspec has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fsspec.transaction import Transaction

from ..client.saving import Saved
from ..core.errors import HoldfastError


class NewVersions(Transaction):  # type: ignore[misc,unused-ignore]
    """A block in which files are written: one new version of each name, all at its end."""

    fs: Any

    def __init__(self, fs: Any, **options: Any) -> None:
        super().__init__(fs, **options)
        self.saved: list[Saved] = []
        """The versions, after the end."""

    def start(self) -> None:
        if self.fs is None or self.fs._intrans:
            message = "Cannot begin a transaction: this one has begun, perhaps in another thread"
            hint = "Use one block, or `holdfast.version(name)` for each."
            raise HoldfastError("Invalid", message, hint)
        super().start()

    def complete(self, commit: bool = True) -> None:
        fs, self.fs = self.fs, None
        if fs is None:
            return
        fs._intrans, fs._transaction = False, None
        self.files.clear()
        blocks = fs.take_written()
        try:
            for written in blocks:
                if commit and not written.is_empty:
                    self.saved.append(written.commit())
                else:
                    with suppress(HoldfastError):  # the error of the block is the one to show
                        fs.leave(written)
        finally:
            fs.end_blocks(blocks)
        fs.invalidate_cache()
