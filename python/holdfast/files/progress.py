"""Progress bars, if `tqdm` is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LARGE = 16 * 2**20


@contextmanager
def progress_bar(total: int, title: str, wanted: bool | None) -> Iterator[Callable[[int], object]]:
    """Yields a function that receives numbers of bytes.

    By default, there is a bar for large transfers if standard error is a terminal.
    """
    if wanted is None:
        wanted = total >= LARGE and sys.stderr.isatty()
    if wanted:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            wanted = False
    if not wanted:
        yield lambda _: None
        return
    with tqdm(total=total, desc=title, unit="B", unit_scale=True, unit_divisor=1024) as bar:
        yield bar.update
