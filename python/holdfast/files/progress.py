"""Progress bars, if `tqdm` is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

LARGE = 16 * 2**20


def bar_class() -> Any:
    """Returns the class of bars, None if it is not installed."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm


@contextmanager
def progress_bar(
    total: int, title: str, wanted: bool | None
) -> Generator[Callable[[int], object], None, None]:
    """Yields a function that receives numbers of bytes.

    By default, there is a bar for large transfers if standard error is a terminal.
    """
    if wanted is None:
        wanted = total >= LARGE and sys.stderr.isatty()
    tqdm = bar_class() if wanted else None
    if tqdm is None:
        yield lambda _: None
        return
    with tqdm(total=total, desc=title, unit="B", unit_scale=True, unit_divisor=1024) as bar:
        yield bar.update
