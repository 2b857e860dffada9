"""The program in the wheels of this package, which Deno or Node runs."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
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
