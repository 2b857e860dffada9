"""The command `holdfast`: the program that this package brings, or the commands of Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from .program import command_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Becomes the command, or runs the commands that Python alone has."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = command_line()
    if command is None:
        from .own_commands import main as commands_of_python

        return commands_of_python(given)
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], [*command, *given])
    with subprocess.Popen([*command, *given]) as process:  # Windows cannot become another program
        while True:
            with suppress(KeyboardInterrupt):  # which reaches both
                return process.wait()
