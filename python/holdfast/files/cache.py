"""Local copies of files that were checked, shared by the processes of a machine."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import stat
import tempfile
import warnings
from contextlib import ExitStack, suppress
from pathlib import Path

from ..core.errors import HoldfastError, quoted
from .downloads import download_files
from .file import File, Files
from .progress import progress_bar
from .temporary import temporary_folder


def cache_folder() -> Path:
    """Returns the folder of local copies, or a private one if others can plant files in it."""
    folder = chosen_folder()
    if os.name != "posix":  # modes have no meaning there
        return folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    problem = folder_problem(folder)
    return folder if problem is None else private_folder(f'"{folder}": {problem}')


def chosen_folder() -> Path:
    own = os.environ.get("HOLDFAST_PYTHON_CACHE")
    if own:
        return Path(own)
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "holdfast-python"


def folder_problem(folder: Path) -> str | None:
    """Returns why a folder is not private, if so."""
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "it is a link"
    if status.st_uid != os.geteuid() and status.st_uid != owner_of_new_files(folder):
        return "it belongs to another user"
    if status.st_mode & stat.S_IWOTH:
        return "other users can write to it"
    if status.st_mode & stat.S_IWGRP and not is_own_group(status.st_gid):
        return "its group can write to it"
    return None


def owner_of_new_files(folder: Path) -> int | None:
    """Returns the owner of new files, who can be another one on a network share."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_uid
    except OSError:
        return None


def is_own_group(gid: int) -> bool:
    """Returns whether a group has only this user, as where each user has a group of that name."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


@functools.cache
def private_folder(problem: str) -> Path:
    """Returns a folder of this process, which is removed when it ends, and warns once."""
    warnings.warn(
        f"Local copies of Holdfast are not kept in {problem}. This program copies them again. "
        "Set HOLDFAST_PYTHON_CACHE to a folder that only you may write to (chmod go-w).",
        stacklevel=6,
    )
    return PRIVATE.enter_context(temporary_folder())


PRIVATE = ExitStack()
"""Keeps private folders until the program ends."""


def local_copy(version: Files, path: str | None, progress: bool | None) -> Path:
    """Returns the copy of a version, or of one of its files: see `Artifact.path`."""
    key = version.digest if path is None else key_of(version.file(path))
    place = cache_folder() / key[:2] / key
    if not is_intact(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(place.parent.parent) as stage:
            copy = stage / "copy"
            copy.mkdir(mode=0o700)
            fill(copy, version, path, progress)
            publish(copy, place)
    copies = place / "files"
    return copies if path is None else next(copies.iterdir())


def key_of(file: File) -> str:
    """Returns the key of the copy of a file: equal ones have the same name and mode."""
    name = file.path.rsplit("/", 1)[-1]
    return hashlib.sha256(f"{file.sha256} {file.mode} {name}".encode()).hexdigest()


def fill(stage: Path, version: Files, path: str | None, progress: bool | None) -> None:
    copies = stage / "files"
    if path is None:
        download_files(version, copies, progress=progress)
    else:
        file = version.file(path)
        if file.mode not in (None, "executable"):
            message = f"Cannot copy {quoted(path)} of {quoted(version.ref)}: it is a {file.mode}"
            raise HoldfastError("Unsupported", message, "Call `path()` for all files.")
        copies.mkdir()
        name = path.rsplit("/", 1)[-1]
        with (
            progress_bar(file.size, f"Downloading {path}", progress) as report,
            open(copies / name, "xb") as out,
        ):
            for chunk in file.chunks():
                out.write(chunk)
                report(len(chunk))
        if file.mode == "executable":
            (copies / name).chmod(0o777)
    for each in copies.rglob("*"):
        if stat.S_ISREG(each.lstat().st_mode):
            each.chmod(each.stat().st_mode & ~0o222)
    (stage / "copied.json").write_text(json.dumps(facts_of(copies)))


def publish(stage: Path, place: Path) -> None:
    """Moves a complete copy to its place, unless another process was faster."""
    for _ in range(10):
        try:
            os.rename(stage, place)
            return
        except OSError:
            if is_intact(place):
                return
            with temporary_folder(place.parent.parent) as doomed, suppress(FileNotFoundError):
                os.rename(place, doomed / "copy")  # unless another process has moved it
    raise HoldfastError("Conflict", f'Cannot write "{place}": others change it', "Try again.")


def facts_of(folder: Path) -> dict[str, list[int]]:
    """Returns what shows that a file was changed: its size and its modification time."""
    facts: dict[str, list[int]] = {}
    for each in sorted(folder.rglob("*")):
        status = each.lstat()
        if stat.S_ISREG(status.st_mode):
            facts[str(each.relative_to(folder))] = [status.st_size, status.st_mtime_ns]
    return facts


def is_intact(place: Path) -> bool:
    """Returns whether a copy is as it was made, by the owner of the cache."""
    try:
        owner = place.parent.parent.lstat().st_uid
        if any(each.lstat().st_uid != owner for each in (place, *place.rglob("*"))):
            return False
        copied = json.loads((place / "copied.json").read_bytes())
        return bool(copied == facts_of(place / "files"))
    except (OSError, ValueError):
        return False
