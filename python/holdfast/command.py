"""The command `holdfast`: the program in this package, or the commands that need Python alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from .program import command_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Becomes the program, or runs the commands that need Python alone."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = command_line()
    if command is None:
        from .own_commands import main as commands_of_python

        return commands_of_python(given)
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], [*command, *given])
    with subprocess.Popen([*command, *given]) as process:  # Windows has no exec
        while True:
            with suppress(KeyboardInterrupt):  # which reaches both
                return process.wait()
