"""Transactions of fsspec."""

# fsspec has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from typing import Any

from fsspec.transaction import Transaction

from ..client.saving import Saved


class NewVersions(Transaction):  # type: ignore[misc,unused-ignore]
    """A block in which files are written: one new version of each name, all at its end."""

    fs: Any

    def __init__(self, fs: Any, **options: Any) -> None:
        super().__init__(fs, **options)
        self.saved: list[Saved] = []
        """The versions, after the end."""

    def complete(self, commit: bool = True) -> None:
        fs, self.fs = self.fs, None
        if fs is None:
            return
        fs._intrans, fs._transaction = False, None
        self.files.clear()
        for name, written in fs.take_written().items():
            if commit:
                self.saved.append(written.commit())
            else:
                fs.leave(name, written)
