"""Downloads that appear whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..core.errors import HoldfastError, damaged, quoted
from ..core.names import DEVICES
from ..core.records import is_path, milliseconds
from .file import File, Files
from .progress import progress_bar


def download_files(
    version: Files, to: Path, links: str = "safe", progress: bool | None = None
) -> list[str]:
    """Writes the files of a version as the new folder `to`: all of them, or nothing."""
    if links not in ("safe", "unsafe", "skip"):
        message = f"Cannot download {quoted(version.ref)}: {links!r} is not a way to treat links"
        raise HoldfastError("Invalid", message, "Pass links='safe', 'unsafe' or 'skip'.")
    if re.match(r"[a-z][a-z0-9+.-]+:[/\\\\]", str(to), re.IGNORECASE):
        message = f"Cannot download {quoted(version.ref)}: the target is a URL, not a folder"
        raise HoldfastError("Invalid", message, "Pass a folder on this machine.")
    if os.path.lexists(to) and not (to.is_dir() and not to.is_symlink() and not any(to.iterdir())):
        message = f'Cannot download to "{to}": it exists'
        raise HoldfastError("AlreadyExists", message, "Choose a new or an empty folder.")
    if to.is_dir() and to.samefile("."):
        message = f'Cannot download to "{to}": it is the current folder'
        raise HoldfastError("Invalid", message, "Choose a new folder below it.")
    if os.path.ismount(to):  # no rename replaces it
        message = f'Cannot download to "{to}": it is a mount point'
        raise HoldfastError("Invalid", message, "Choose a new folder below it.")
    check_tree(version)
    to.parent.mkdir(parents=True, exist_ok=True)
    stage = tempfile.mkdtemp(prefix=".holdfast-", dir=to.parent)
    try:
        tree = Path(stage, "tree")
        tree.mkdir()
        with progress_bar(version.size, f"Downloading {version.ref}", progress) as report:
            left_out = write_tree(version, tree, links, report)
        if to.is_dir():
            to.rmdir()
        os.rename(tree, to)
        return left_out
    except FileExistsError as error:
        message = f'Cannot download {quoted(version.ref)}: "{error.filename}" is there twice'
        hint = "Download to a file system that tells apart all of its paths."
        raise HoldfastError("Conflict", message, hint) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def check_tree(version: Files) -> None:
    leaves = {file.path for file in version.files if file.mode != "folder"}
    for file in version.files:
        parts = file.path.split("/")
        for count in range(1, len(parts)):
            if "/".join(parts[:count]) in leaves:
                raise damaged(quoted(version.ref), f"{quoted(file.path)} lies below a file")
        if os.name == "nt" and not all(is_windows_name(part) for part in parts):
            message = f"Cannot download {quoted(file.path)}: Windows has no such file name"
            raise HoldfastError("Unsupported", message, "Read it with `file(path).read()`.")


def is_windows_name(part: str) -> bool:
    device = DEVICES.match(part.split(".")[0].rstrip(" ").lower())
    return not device and part[-1] not in ". " and not re.search(r'[\x00-\x1f<>:"\\|?*]', part)


def write_tree(
    version: Files, tree: Path, links: str, report: Callable[[int], object]
) -> list[str]:
    """Writes folders and files, then links, then times. No file is written through a link."""
    left_out: list[str] = []
    made_links: list[File] = []
    for file in version.files:
        place = tree / file.path
        if file.mode == "folder":
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.mode == "link":
            made_links.append(file)
            continue
        with open(place, "xb") as out:
            for chunk in file.chunks():
                out.write(chunk)
                report(len(chunk))
        if file.mode == "executable":
            mode = place.stat().st_mode
            place.chmod(mode | (mode & 0o444) >> 2)
    for file in made_links:
        target = file.text()
        if links == "skip" or (links == "safe" and not stays_inside(file.path, target)):
            left_out.append(file.path)
        else:
            os.symlink(target, tree / file.path)
    for file in sorted(version.files, key=lambda file: file.path, reverse=True):
        if file.modified_at and file.path not in left_out:
            time = milliseconds(file.modified_at) * 1_000_000
            if file.mode != "link":
                os.utime(tree / file.path, ns=(time, time))
            elif os.utime in os.supports_follow_symlinks:
                os.utime(tree / file.path, ns=(time, time), follow_symlinks=False)
    return left_out


def stays_inside(path: str, target: str) -> bool:
    """Returns whether a link stays in its tree: relative, with `..` only at the beginning."""
    steps = [step for step in target.split("/") if step not in ("", ".")]
    ups = next((i for i, step in enumerate(steps) if step != ".."), len(steps))
    is_relative = target != "" and not target.startswith("/") and ups <= path.count("/")
    return is_relative and (ups == len(steps) or is_path("/".join(steps[ups:])))
