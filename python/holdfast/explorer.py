"""The explorer of a registry, in a frame of a notebook or another window."""

from __future__ import annotations

import atexit
import html
from pathlib import Path

from .core.arguments import checked
from .local_service import program_of, start, stop


class Explorer:
    """The page of a registry, which this program serves until `stop()` or its own end.

    A notebook of this machine shows it in a frame, as the result of a cell. `url` works in the
    first browser that opens it.
    """

    def __init__(self, command: list[str], height: int) -> None:
        self._process, self.url = start(command)
        self._height = height
        atexit.register(self.stop)

    def stop(self) -> None:
        """Ends the page."""
        stop(self._process)

    def __repr__(self) -> str:
        return f"<holdfast.Explorer {self.url}>"

    def _repr_html_(self) -> str:
        source = html.escape(self.url)
        return f'<iframe src="{source}" width="100%" height="{self._height}"></iframe>'


@checked
def explore(
    registry: str | Path = "./.holdfast",
    *,
    height: int = 720,
    read_only: bool = False,
    command: str | None = None,
) -> Explorer:
    """Serves the explorer of a folder or a bucket on this machine, and returns it.

    `height` is that of the frame in a notebook, in pixels; `read_only` offers no changes. Runs the
    program that `service` runs; `command` names another. Raises `NotFound` without a registry.
    """
    options = ["--framed", "--no-browser", "--json", *(["--read-only"] if read_only else [])]
    return Explorer([*program_of(command), "explore", str(registry), *options], height)
