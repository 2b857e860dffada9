"""The command `holdfast`: the program that this package brings, run by Deno or Node."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PROGRAM = Path(__file__).parent / "_program" / "bin" / "holdfast.js"
"""Only wheels have it: the sources of this package do not."""

DENO = (2, 9)
NODE = (22, 12)
"""The oldest that run it."""

GRANTED = ["read", "write", "net", "env", "sys", "run"]
"""Permissions in Deno: not those for code of other hosts and libraries of the system."""


def command_line() -> list[str] | None:
    """Returns the program and its first arguments; None if this package or machine lacks one."""
    if not PROGRAM.is_file():
        return None
    deno = deno_of_wheel() or newest("deno", DENO)
    if deno is not None:
        flags = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--cached-only"]
        flags += [f"--import-map={PROGRAM.parent.parent / 'imports.json'}"]
        return [deno, "run", *flags, *(f"--allow-{name}" for name in GRANTED), str(PROGRAM)]
    node = newest("node", NODE)
    return None if node is None else [node, str(PROGRAM)]


def deno_of_wheel() -> str | None:
    """Returns the program of the package `deno`, which the extra `cli` installs."""
    with suppress(ImportError, FileNotFoundError, AttributeError):
        return os.fsdecode(importlib.import_module("deno").find_deno_bin())
    return None


def newest(name: str, least: tuple[int, int]) -> str | None:
    """Returns a program of the `PATH` that is not older."""
    program = shutil.which(name)
    if program is None:
        return None
    try:
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.search(r"(\d+)\.(\d+)", shown.stdout)
    return program if match and (int(match[1]), int(match[2])) >= least else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Becomes the command, or runs the commands that Python alone has."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = command_line()
    if command is None:
        from .__main__ import main as commands_of_python

        return commands_of_python(given)
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], [*command, *given])
    with subprocess.Popen([*command, *given]) as process:  # Windows cannot become another program
        while True:
            with suppress(KeyboardInterrupt):  # which reaches both
                return process.wait()
