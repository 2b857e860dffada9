"""Downloads that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..core.errors import HoldfastError, damaged, quoted
from ..core.names import DEVICES
from ..core.records import is_path, milliseconds
from .file import File, Files
from .progress import progress_bar
from .temporary import temporary_folder


def download_files(
    version: Files, to: Path, links: str = "safe", progress: bool | None = None
) -> list[str]:
    """Writes the files of a version as the new folder `to`: all of them, or nothing."""
    if links not in ("safe", "unsafe", "skip"):
        message = f"Cannot download {quoted(version.ref)}: unknown value of links: {links!r}"
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
    with temporary_folder(to.parent) as stage:
        tree = stage / "tree"
        try:
            tree.mkdir()
            with progress_bar(version.size, f"Downloading {version.ref}", progress) as report:
                left_out = write_tree(version, tree, links, report)
            check_names(version, tree, left_out)
            if to.is_dir():
                to.rmdir()
            os.rename(tree, to)
            return left_out
        except OSError as error:
            place = str(error.filename2 or error.filename or "")
            if error.errno not in REFUSALS or not place.startswith(str(tree)):
                raise
            state = REFUSALS[error.errno] if error.filename2 is None else "has no symbolic links"
            raise unstorable(version, Path(place).relative_to(tree).as_posix(), state) from error


REFUSALS = {
    errno.EEXIST: "does not distinguish it from another file",
    **dict.fromkeys([errno.EINVAL, errno.ENOENT], "cannot store this name"),
    **dict.fromkeys([errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM], "does not support it"),
}
"""What a disk does with a file that it refuses."""


NO_MODES = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""Errors of disks that keep no modes."""


def unstorable(version: Files, path: str, state: str) -> HoldfastError:
    message = f"Cannot download {quoted(path)} of {quoted(version.ref)}: its disk {state}"
    hint = "Choose a folder on another disk."
    if state.endswith("links"):
        hint = "Choose a folder on another disk, or pass links='skip'."
    return HoldfastError("Invalid", message, hint)


def check_names(version: Files, tree: Path, left_out: list[str]) -> None:
    """Refuses what a disk stored under another name, such as a folder that it merged."""
    paths = {file.path for file in version.files if file.path not in left_out}
    paths |= {path[:at] for path in paths for at, sign in enumerate(path) if sign == "/"}
    found = {
        Path(folder, name).relative_to(tree).as_posix()
        for folder, folders, files in os.walk(tree)
        for name in folders + files
    }
    same = partial(unicodedata.normalize, "NFC")  # some disks list another form
    missing = {same(path) for path in paths} - {same(path) for path in found}
    if missing:
        raise unstorable(version, min(missing), "stores it under another name")


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
            make_executable(place)
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


def make_executable(path: Path) -> None:
    """Makes a new file executable for everybody who may read it, if its disk can."""
    mode = path.stat().st_mode
    try:
        path.chmod(mode | (mode & 0o444) >> 2)
    except OSError as error:
        if error.errno not in NO_MODES:
            raise


def stays_inside(path: str, target: str) -> bool:
    """Returns whether a link stays in its tree: relative, with `..` only at the beginning."""
    steps = [step for step in target.split("/") if step not in ("", ".")]
    ups = next((i for i, step in enumerate(steps) if step != ".."), len(steps))
    is_relative = target != "" and not target.startswith("/") and ups <= path.count("/")
    return is_relative and (ups == len(steps) or is_path("/".join(steps[ups:])))
